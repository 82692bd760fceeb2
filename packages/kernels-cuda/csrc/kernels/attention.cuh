// Attention of one token and query head by one block. Keys are taken in tiles of 32 by absolute position, a key for each lane; the
// tiles that are seen are dealt to the warps in turn and their partial softmaxes merged in order. So the result depends on the sequence
// alone, not on how it was cut into chunks or what else is in the batch. Each block reads its keys and values once: right and
// simple, and slow for long prompts. The way of float32, of batch invariance and of head sizes and layouts that the kernels on
// the tensor cores do not take.
#pragma once

#include "kernels/element.cuh"
#include "kernels/fault.cuh"
#include "kernels/plan.cuh"
#include "kernels/reduce.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kAttentionWarps = 4, kAttentionThreads = kAttentionWarps * kWarp;
/** Of heads, and of the cached rows of latent attention (DeepSeek: 576), whose kernel is one of its own: it takes more registers. */
inline constexpr int kMaxHeadDim = 256, kMaxLatentDim = 576;

/** @param kPacked rows of keys are multiples of 16 bytes at multiples of 16 bytes */
template <typename T, bool kPacked>
__device__ inline float dot(const float* query, const T* key, int head_dim) {
    float sum = 0;
    if constexpr (kPacked) {
        for (int d = 0; d < head_dim; d += Pack<T>::kSize) {
            const Pack<T> pack = load_pack(key + d);
#pragma unroll
            for (int i = 0; i < Pack<T>::kSize; i++) sum += query[d + i] * to_float(pack.values[i]);
        }
    } else {
        for (int d = 0; d < head_dim; d++) sum += query[d] * to_float(key[d]);
    }
    return sum;
}

/** A query of one head and the positions that it sees. */
template <typename T>
struct Seeker {
    const T* q;
    T* out;
    int64_t head;
    int head_dim, value_dim;
    int64_t position, first, end;  // it sees [first, end)
};

/** Where a position's key and value begin. */
template <typename T>
struct KeyPlace {
    const T* key;
    const T* value;
};

/** All threads of a block; `find(position)` returns a KeyPlace. */
template <typename T, bool kPacked, int kMaxDim, typename Find>
__device__ inline void attend(const Seeker<T>& seeker, const AttentionOptions& options, Find find) {
    constexpr int kMaxDimsPerLane = kMaxDim / kWarp;
    __shared__ float query[kMaxDim];
    __shared__ float partial[kAttentionWarps][kMaxDim];
    __shared__ float maxima[kAttentionWarps], totals[kAttentionWarps];
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const int head_dim = seeker.head_dim, value_dim = seeker.value_dim;
    for (int d = static_cast<int>(threadIdx.x); d < head_dim; d += kAttentionThreads) query[d] = to_float(seeker.q[d]);
    __syncthreads();
    const float slope = options.slopes ? options.slopes[seeker.head] : 0.0f;

    float largest = -INFINITY, total = 0;
    float sums[kMaxDimsPerLane] = {};
    const int64_t first_tile = seeker.first / kWarp * kWarp;
    for (int64_t tile = first_tile + static_cast<int64_t>(warp) * kWarp; tile < seeker.end; tile += kAttentionThreads) {
        const int skipped = seeker.first > tile ? static_cast<int>(seeker.first - tile) : 0;
        const int valid = seeker.end - tile < kWarp ? static_cast<int>(seeker.end - tile) : kWarp;
        const bool sees = lane >= skipped && lane < valid;
        // Other lanes look at nothing: what lies there may be NaN.
        float score = -INFINITY;
        KeyPlace<T> place = {nullptr, nullptr};
        if (sees) {
            place = find(tile + lane);
            score = options.scale * dot<T, kPacked>(query, place.key, head_dim);
            if (options.softcap != 0) score = options.softcap * tanhf(score / options.softcap);
            score -= slope * fabsf(static_cast<float>(seeker.position - tile - lane));
        }
        const float now = fmaxf(largest, warp_max(score));
        const float correction = expf(largest - now);
        const float weight = sees ? expf(score - now) : 0.0f;
        total = total * correction + warp_sum(weight);
        largest = now;
#pragma unroll
        for (int i = 0; i < kMaxDimsPerLane; i++) sums[i] *= correction;
        for (int j = skipped; j < valid; j++) {
            const float share = __shfl_sync(kAllLanes, weight, j);
            const uint64_t address = __shfl_sync(kAllLanes, reinterpret_cast<uint64_t>(place.value), j);
            const T* value = reinterpret_cast<const T*>(address);
#pragma unroll
            for (int i = 0; i < kMaxDimsPerLane; i++) {
                const int d = lane + i * kWarp;
                if (d < value_dim) sums[i] += share * to_float(value[d]);
            }
        }
    }

    if (lane == 0) {
        maxima[warp] = largest;
        totals[warp] = total;
    }
#pragma unroll
    for (int i = 0; i < kMaxDimsPerLane; i++) {
        const int d = lane + i * kWarp;
        if (d < value_dim) partial[warp][d] = sums[i];
    }
    __syncthreads();
    float overall = maxima[0];
    for (int w = 1; w < kAttentionWarps; w++) overall = fmaxf(overall, maxima[w]);
    // Far above the scores a sink makes the divisor infinite, and the output 0.
    float weights[kAttentionWarps], divisor = options.sinks ? expf(options.sinks[seeker.head] - overall) : 0.0f;
    for (int w = 0; w < kAttentionWarps; w++) {
        weights[w] = maxima[w] == -INFINITY ? 0.0f : expf(maxima[w] - overall);  // a warp without keys
        divisor += weights[w] * totals[w];
    }
    for (int d = static_cast<int>(threadIdx.x); d < value_dim; d += kAttentionThreads) {
        float sum = 0;
        for (int w = 0; w < kAttentionWarps; w++) sum += weights[w] * partial[w][d];
        seeker.out[d] = from_float<T>(sum / divisor);
    }
}

/** Causal, over the paged cache. Grid: [tokens, heads]. */
template <typename T, bool kPacked, int kMaxDim>
__global__ void __launch_bounds__(kAttentionThreads)
    paged_attention(PagedCache cache, BatchView batch, PagedAttention a, Fault* fault) {
    const int64_t token = blockIdx.x, head = blockIdx.y;
    const int32_t* starts = batch.plan + batch.query_starts;
    if (token >= starts[a.rows]) return;
    const int64_t entry = entry_of(starts, a.rows, token);
    const int64_t row = batch.plan[batch.row_ids + entry];
    const int64_t length = batch.plan[batch.context_lens + entry] + token - starts[entry] + 1;
    if (row < 0 || row >= batch.max_rows || length < 1 || length > batch.max_blocks * batch.block_size) {
        if (threadIdx.x == 0) report(fault, kPlanEntry, row);
        return;
    }
    const int32_t* table = batch.block_tables + row * batch.max_blocks;
    const int64_t kv_head = head * cache.kv_heads / a.heads;
    const int64_t first = length > a.options.window ? length - a.options.window : 0;
    const Seeker<T> seeker = {static_cast<const T*>(a.q) + token * a.q_stride + head * cache.head_dim,
                              static_cast<T*>(a.out) + token * a.out_stride + head * cache.value_dim,
                              head,
                              static_cast<int>(cache.head_dim),
                              static_cast<int>(cache.value_dim),
                              length - 1,
                              first,
                              length};
    attend<T, kPacked, kMaxDim>(seeker, a.options, [&](int64_t position) {
        int64_t block = table[position / cache.block_size];
        if (block < 0 || block >= cache.blocks) {
            report(fault, kCacheBlock, block);
            block = 0;
        }
        const int64_t row = (block * cache.kv_heads + kv_head) * cache.block_size + position % cache.block_size;
        return KeyPlace<T>{static_cast<const T*>(cache.keys) + row * cache.head_dim,
                           static_cast<const T*>(cache.values) + row * cache.value_stride};
    });
}

/** Both ways, over the tokens of the same entry. Grid: [tokens, heads]. */
template <typename T, bool kPacked>
__global__ void __launch_bounds__(kAttentionThreads) encoder_attention(BatchView batch, EncoderAttention a, Fault* fault) {
    const int64_t token = blockIdx.x, head = blockIdx.y;
    const int32_t* starts = batch.plan + batch.query_starts;
    if (token >= starts[a.rows]) return;
    const int64_t entry = entry_of(starts, a.rows, token);
    const int64_t start = starts[entry], length = starts[entry + 1] - start, position = token - start;
    if (start < 0 || position < 0 || position >= length || start + length > a.tokens) {
        if (threadIdx.x == 0) report(fault, kPlanEntry, entry);
        return;
    }
    const int64_t kv_head = head * a.kv_heads / a.heads, window = a.options.window;
    const Seeker<T> seeker = {static_cast<const T*>(a.q) + token * a.q_stride + head * a.head_dim,
                              static_cast<T*>(a.out) + token * a.out_stride + head * a.head_dim,
                              head,
                              static_cast<int>(a.head_dim),
                              static_cast<int>(a.head_dim),
                              position,
                              position >= window ? position + 1 - window : 0,
                              length - position > window ? position + window : length};
    attend<T, kPacked, kMaxHeadDim>(seeker, a.options, [&](int64_t other) {
        return KeyPlace<T>{static_cast<const T*>(a.k) + (start + other) * a.k_stride + kv_head * a.head_dim,
                           static_cast<const T*>(a.v) + (start + other) * a.v_stride + kv_head * a.head_dim};
    });
}

}  // namespace octavo::cuda::kernels
