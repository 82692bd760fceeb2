// Causal attention over the paged cache, one block for each token and query head. Keys are taken in tiles of 32 by absolute
// position, a key for each lane; the tiles are dealt to the warps in turn and their partial softmaxes merged in order. So the
// result depends on the sequence alone, not on how it was cut into chunks or what else is in the batch. Each block reads its
// keys and values once: right and simple, and slow for long prompts. The way of float32, of batch invariance and of head sizes and
// layouts that the kernels on the tensor cores do not take.
#pragma once

#include "kernels/element.cuh"
#include "kernels/fault.cuh"
#include "kernels/plan.cuh"
#include "kernels/reduce.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kAttentionWarps = 4, kAttentionThreads = kAttentionWarps * kWarp;
inline constexpr int kMaxHeadDim = 256, kMaxDimsPerLane = kMaxHeadDim / kWarp;

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

template <typename T, bool kPacked>
__global__ void __launch_bounds__(kAttentionThreads)
    paged_attention(PagedCache cache, BatchView batch, PagedAttention a, Fault* fault) {
    __shared__ float query[kMaxHeadDim];
    __shared__ float partial[kAttentionWarps][kMaxHeadDim];
    __shared__ float maxima[kAttentionWarps], totals[kAttentionWarps];
    const int64_t token = blockIdx.x, head = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const int head_dim = static_cast<int>(cache.head_dim);
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
    const T* keys = static_cast<const T*>(cache.keys);
    const T* values = static_cast<const T*>(cache.values);
    const T* q = static_cast<const T*>(a.q) + token * a.q_stride + head * head_dim;
    for (int d = static_cast<int>(threadIdx.x); d < head_dim; d += kAttentionThreads) query[d] = to_float(q[d]);
    __syncthreads();

    float largest = -INFINITY, total = 0;
    float sums[kMaxDimsPerLane] = {};
    for (int64_t first = static_cast<int64_t>(warp) * kWarp; first < length; first += kAttentionThreads) {
        const int valid = length - first < kWarp ? static_cast<int>(length - first) : kWarp;
        // Lanes past the end look at nothing: what lies there may be NaN.
        float score = -INFINITY;
        int64_t cache_row = 0;
        if (lane < valid) {
            const int64_t position = first + lane;
            int64_t block = table[position / cache.block_size];
            if (block < 0 || block >= cache.blocks) {
                report(fault, kCacheBlock, block);
                block = 0;
            }
            cache_row = (block * cache.kv_heads + kv_head) * cache.block_size + position % cache.block_size;
            score = a.scale * dot<T, kPacked>(query, keys + cache_row * head_dim, head_dim);
        }
        const float now = fmaxf(largest, warp_max(score));
        const float correction = expf(largest - now);
        const float weight = lane < valid ? expf(score - now) : 0.0f;
        total = total * correction + warp_sum(weight);
        largest = now;
#pragma unroll
        for (int i = 0; i < kMaxDimsPerLane; i++) sums[i] *= correction;
        for (int j = 0; j < valid; j++) {
            const float share = __shfl_sync(kAllLanes, weight, j);
            const T* value = values + __shfl_sync(kAllLanes, cache_row, j) * head_dim;
#pragma unroll
            for (int i = 0; i < kMaxDimsPerLane; i++) {
                const int d = lane + i * kWarp;
                if (d < head_dim) sums[i] += share * to_float(value[d]);
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
        if (d < head_dim) partial[warp][d] = sums[i];
    }
    __syncthreads();
    float overall = maxima[0];
    for (int w = 1; w < kAttentionWarps; w++) overall = fmaxf(overall, maxima[w]);
    float weights[kAttentionWarps], divisor = 0;
    for (int w = 0; w < kAttentionWarps; w++) {
        weights[w] = maxima[w] == -INFINITY ? 0.0f : expf(maxima[w] - overall);  // a warp without keys
        divisor += weights[w] * totals[w];
    }
    T* out = static_cast<T*>(a.out) + token * a.out_stride + head * head_dim;
    for (int d = static_cast<int>(threadIdx.x); d < head_dim; d += kAttentionThreads) {
        float sum = 0;
        for (int w = 0; w < kAttentionWarps; w++) sum += weights[w] * partial[w][d];
        out[d] = from_float<T>(sum / divisor);
    }
}

}  // namespace octavo::cuda::kernels
