// Attention of rows with one new token: limited by reading the sequence's keys and values from memory, 4 D bytes a position and
// head of the cache, once. A block takes up to 16 query heads of one cache head (a tile of the tensor cores, padded with zeros)
// and a share of the sequence; each warp walks through every kWarps-th 16 positions with its own ring of two stages, filled by
// asynchronous copies, and its own softmax. The shares are equal, whole tiles, and found on the device, so that a captured
// launch serves every length; with a window they are shares of it. The block that comes last to a row and head adds the shares up in
// their order: the result depends on the row's length and the number of shares alone.
#pragma once

#include "kernels/attention_row.cuh"
#include "kernels/element.cuh"
#include "kernels/mma.cuh"

namespace octavo::cuda::kernels {

inline constexpr int kDecodeKeys = 16;   // a stage
inline constexpr int kDecodeHeads = 16;  // a block
/** Shares are made until there are this many blocks: about two waves on 132 multiprocessors with three or four blocks each. */
inline constexpr int kDecodeBlocks = 1024;
inline constexpr int kMaxSplits = 64;

template <int kDim>
struct DecodeShape {
    static constexpr int kWarps = kDim > 128 ? 2 : 4, kThreads = kWarps * kWarp;
    static constexpr int kUnit = kWarps * kDecodeKeys;  // shares are multiples of it
    static constexpr int kStride = kDim + kTilePadding;
    static constexpr int kStage = 2 * kDecodeKeys * kStride;  // keys, then values
    static constexpr size_t kSharedBytes = size_t{2} * kWarps * kStage * sizeof(uint16_t);
    static_assert(kMaxSplits * kDecodeHeads * sizeof(float) <= kSharedBytes);
};

/** Where the shares of a row wait for each other: a slot for each row, head and share. */
struct DecodeScratch {
    float* sums;       // [slots, head_dim], not yet divided
    float2* softmax;   // [slots]: the largest score (times log2 e) and the sum of weights
    int32_t* arrived;  // [rows * blocks of heads], zero between launches
};

/** The shares' sums over the warps of the block, for one head. */
template <int kDim>
struct WarpSums {
    using Shape = DecodeShape<kDim>;
    const float* sums;  // [kWarps][kDecodeHeads][kStride]
    float weights[Shape::kWarps];
    float largest, total;

    __device__ WarpSums(const float* sums, const float (&maxima)[Shape::kWarps][kDecodeHeads],
                        const float (&totals)[Shape::kWarps][kDecodeHeads], int head)
        : sums(sums + head * Shape::kStride), largest(maxima[0][head]), total(0) {
        // Warp 0 has keys, so `largest` is finite; a warp without any weighs nothing.
#pragma unroll
        for (int w = 1; w < Shape::kWarps; w++) largest = fmaxf(largest, maxima[w][head]);
#pragma unroll
        for (int w = 0; w < Shape::kWarps; w++) {
            weights[w] = fast_exp2(maxima[w][head] - largest);
            total += weights[w] * totals[w][head];
        }
    }

    __device__ float4 at(int d) const {
        float4 sum = {0, 0, 0, 0};
#pragma unroll
        for (int w = 0; w < Shape::kWarps; w++) {
            const float4 part = *reinterpret_cast<const float4*>(sums + w * Shape::kStage + d);
            sum.x += weights[w] * part.x;
            sum.y += weights[w] * part.y;
            sum.z += weights[w] * part.z;
            sum.w += weights[w] * part.w;
        }
        return sum;
    }
};

template <typename T>
__device__ inline void store_four(T* to, float4 values, float factor) {
    const uint2 packed = {pack_pair<T>(values.x * factor, values.y * factor), pack_pair<T>(values.z * factor, values.w * factor)};
    *reinterpret_cast<uint2*>(to) = packed;
}

/**
 * Whether this block is the last of a row's `active` splits to have written its sums; it sees those of the others then, and the count is back at 0.
 * All threads of a block call it, once.
 */
__device__ inline bool arrives_last(const DecodeScratch& scratch, int active) {
    __shared__ bool is_last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        int32_t* arrived = scratch.arrived + static_cast<int64_t>(blockIdx.x) * gridDim.y + blockIdx.y;
        is_last = atomicAdd(arrived, 1) == active - 1;
        if (is_last) *arrived = 0;
    }
    __syncthreads();
    if (is_last) __threadfence();
    return is_last;
}

/**
 * Adds up the shares of `heads` heads from `slot` on, `splits` slots each of which the first `active` were written.
 * @param sinks of these heads, or null
 */
template <typename T, int kDim, int kThreads>
__device__ void merge_splits(T* out, const DecodeScratch& scratch, int64_t slot, int heads, int splits, int active, const float* sinks,
                             float* weights) {
    constexpr int kFours = kDim / 4;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp;
    // Other blocks wrote them: not from this multiprocessor's own cache.
    for (int head = thread / kWarp; head < heads; head += kThreads / kWarp) {
        const float2* softmax = scratch.softmax + slot + static_cast<int64_t>(head) * splits;
        float largest = -INFINITY, total = 0;
        for (int s = lane; s < active; s += kWarp) largest = fmaxf(largest, __ldcg(softmax + s).x);
        largest = warp_max(largest);
        for (int s = lane; s < active; s += kWarp) {
            const float2 part = __ldcg(softmax + s);
            const float weight = fast_exp2(part.x - largest);
            total += weight * part.y;
            weights[head * kMaxSplits + s] = weight;
        }
        total = warp_sum(total) + sink_weight(sinks, head, largest);
        for (int s = lane; s < active; s += kWarp) weights[head * kMaxSplits + s] /= total;
    }
    __syncthreads();
    for (int i = thread; i < heads * kFours; i += kThreads) {
        const int head = i / kFours, d = i % kFours * 4;
        const float* sums = scratch.sums + (slot + static_cast<int64_t>(head) * splits) * kDim + d;
        float4 sum = {0, 0, 0, 0};
#pragma unroll 8
        for (int s = 0; s < active; s++) {
            const float4 part = __ldcg(reinterpret_cast<const float4*>(sums + static_cast<int64_t>(s) * kDim));
            const float weight = weights[head * kMaxSplits + s];
            sum.x += weight * part.x;
            sum.y += weight * part.y;
            sum.z += weight * part.z;
            sum.w += weight * part.w;
        }
        store_four(out + head * kDim + d, sum, 1.0f);
    }
}

/** Grid: [entries of the plan, cache heads * head_tiles, splits]. Entries with more tokens than one are left to the other kernel. */
template <typename T, int kDim, AttentionKind kKind>
__global__ void __launch_bounds__(DecodeShape<kDim>::kThreads, 3)
    attention_decode(PagedCache cache, BatchView batch, PagedAttention a, int head_tiles, DecodeScratch scratch, Fault* fault) {
    using Shape = DecodeShape<kDim>;
    constexpr bool kWithOptions = kKind == AttentionKind::kOptions;
    constexpr int kThreads = Shape::kThreads, kStride = Shape::kStride, kPacks = kDim / Pack<T>::kSize;
    extern __shared__ uint4 dynamic_shared[];
    __shared__ float maxima[Shape::kWarps][kDecodeHeads], totals[Shape::kWarps][kDecodeHeads];
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, warp = thread / kWarp;
    const int split = static_cast<int>(blockIdx.z), splits = static_cast<int>(gridDim.z);
    AttentionRow row;
    if (!find_row(batch, a, blockIdx.x, row, fault)) return;
    if (row.query_len != 1) {
        // Without more tokens than rows nobody else would compute it.
        if (a.tokens <= a.rows && thread == 0) report(fault, kPlanEntry, row.query_len);
        return;
    }
    const int length = row.context_len + 1;
    const int first_seen = kWithOptions ? max(0, length - static_cast<int>(a.options.window)) : 0;
    // The first tile of the first share has a position that is seen, so every softmax does.
    const int first_tile = first_seen / kDecodeKeys * kDecodeKeys;
    const int units = (length - first_tile + Shape::kUnit - 1) / Shape::kUnit;
    const int share = (units + splits - 1) / splits, active = (units + share - 1) / share;
    if (split >= active) return;
    const int begin = first_tile + split * share * Shape::kUnit;
    const int end = min(length, begin + share * Shape::kUnit);
    const int kv_head = static_cast<int>(blockIdx.y) / head_tiles, group = static_cast<int>(a.heads / cache.kv_heads);
    const int first_in_group = static_cast<int>(blockIdx.y) % head_tiles * kDecodeHeads;
    const int first_head = kv_head * group + first_in_group, heads = min(kDecodeHeads, group - first_in_group);

    const T* keys = static_cast<const T*>(cache.keys);
    const T* values = static_cast<const T*>(cache.values);
    T* ring = reinterpret_cast<T*>(dynamic_shared) + warp * 2 * Shape::kStage;
    // The cache's row of the lane's position in a stage, or -1.
    const auto find_position = [&](int stage) {
        const int position = begin + (stage * Shape::kWarps + warp) * kDecodeKeys + lane;
        return lane < kDecodeKeys && position >= first_seen && position < end ? cache_row(cache, row.table, position, kv_head, fault) : -1;
    };
    const auto start_stage = [&](int stage, int found) {
        T* to = ring + stage % 2 * Shape::kStage;
#pragma unroll
        for (int i = 0; i < kDecodeKeys * kPacks / kWarp; i++) {
            const int key = (lane + i * kWarp) / kPacks, d = (lane + i * kWarp) % kPacks * Pack<T>::kSize;
            const int from = __shfl_sync(kAllLanes, found, key);
            const int64_t offset = static_cast<int64_t>(max(from, 0)) * kDim + d;
            // What is not seen comes as zeros: what lies there may be NaN.
            copy_async(to + key * kStride + d, keys + offset, from >= 0);
            copy_async(to + (kDecodeKeys + key) * kStride + d, values + offset, from >= 0);
        }
    };

    const int warp_begin = begin + warp * kDecodeKeys;
    const int stages = warp_begin < end ? (end - warp_begin + Shape::kUnit - 1) / Shape::kUnit : 0;
    if (stages > 0) start_stage(0, find_position(0));
    commit_copies();
    int next = find_position(1);

    const T* q = static_cast<const T*>(a.q) + row.first_token * a.q_stride + static_cast<int64_t>(first_head) * kDim;
    uint32_t query[kDim / 16][4];
#pragma unroll
    for (int k = 0; k < kDim / 16; k++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int head = lane / 4 + i % 2 * 8, d = k * 16 + i / 2 * 8 + lane % 4 * 2;
            query[k][i] = head < heads ? *reinterpret_cast<const uint32_t*>(q + head * kDim + d) : 0u;
        }
    }
    const ScoreRule rule(a.options);
    const float* sinks = kWithOptions && a.options.sinks ? a.options.sinks + first_head : nullptr;
    float slopes[2] = {0, 0};
    if constexpr (kWithOptions) {
        for (int h = 0; h < 2 && a.options.slopes; h++) {
            if (lane / 4 + 8 * h < heads) slopes[h] = kLog2OfE * a.options.slopes[first_head + lane / 4 + 8 * h];
        }
    }
    // With options the scores are complete before they are compared.
    const float scale = kWithOptions ? 1.0f : a.options.scale * kLog2OfE;
    float largest[2] = {-INFINITY, -INFINITY}, total[2] = {0, 0};  // of heads lane / 4 and lane / 4 + 8
    float sums[kDim / 8][4] = {};
    for (int stage = 0; stage < stages; stage++) {
        if (stage + 1 < stages) start_stage(stage + 1, next);
        commit_copies();
        next = find_position(stage + 2);
        wait_copies<1>();
        __syncwarp();
        const T* key_tile = ring + stage % 2 * Shape::kStage;
        const T* value_tile = key_tile + kDecodeKeys * kStride;

        float scores[2][4] = {};
#pragma unroll
        for (int k = 0; k < kDim / 16; k++) {
            uint32_t right[4];
            load_matrices(right, key_tile + (lane % 8 + lane / 16 * 8) * kStride + k * 16 + lane / 8 % 2 * 8);
            multiply_add<T>(scores[0], query[k], right[0], right[1]);
            multiply_add<T>(scores[1], query[k], right[2], right[3]);
        }
        const int tile = warp_begin + stage * Shape::kUnit;
        if constexpr (kWithOptions) {
#pragma unroll
            for (int i = 0; i < 8; i++) {
                const int distance = length - 1 - (tile + i / 4 * 8 + lane % 4 * 2 + i % 2);
                scores[i / 4][i % 4] = rule(scores[i / 4][i % 4]) - slopes[i % 4 / 2] * static_cast<float>(distance);
            }
        }
        const int skipped = first_seen - tile, valid = end - tile;
        if (valid < kDecodeKeys || (kWithOptions && skipped > 0)) {
#pragma unroll
            for (int i = 0; i < 8; i++) {
                const int key = i / 4 * 8 + lane % 4 * 2 + i % 2;
                if (key >= valid || (kWithOptions && key < skipped)) scores[i / 4][i % 4] = -INFINITY;
            }
        }
        uint32_t left[4];
#pragma unroll
        for (int h = 0; h < 2; h++) {
            const float here = fmaxf(fmaxf(scores[0][2 * h], scores[0][2 * h + 1]), fmaxf(scores[1][2 * h], scores[1][2 * h + 1]));
            const float now = fmaxf(largest[h], scale * quad_max(here));
            const float correction = fast_exp2(largest[h] - now);
            largest[h] = now;
            total[h] *= correction;
#pragma unroll
            for (int n = 0; n < 2; n++) {
                const float first = fast_exp2(fmaf(scores[n][2 * h], scale, -now));
                const float second = fast_exp2(fmaf(scores[n][2 * h + 1], scale, -now));
                total[h] += first + second;
                left[2 * n + h] = pack_pair<T>(first, second);
            }
#pragma unroll
            for (int n = 0; n < kDim / 8; n++) {
                sums[n][2 * h] *= correction;
                sums[n][2 * h + 1] *= correction;
            }
        }
#pragma unroll
        for (int n = 0; n < kDim / 8; n += 2) {
            uint32_t right[4];
            load_matrices_transposed(right, value_tile + lane % 16 * kStride + n * 8 + lane / 16 * 8);
            multiply_add<T>(sums[n], left, right[0], right[1]);
            multiply_add<T>(sums[n + 1], left, right[2], right[3]);
        }
        __syncwarp();
    }

    // The warp's sums take the place of its ring.
    wait_copies<0>();
    __syncwarp();
    float* block_sums = reinterpret_cast<float*>(dynamic_shared);
#pragma unroll
    for (int h = 0; h < 2; h++) {
        const int head = lane / 4 + 8 * h;
        total[h] = quad_sum(total[h]);
        if (lane % 4 == 0) {
            maxima[warp][head] = largest[h];
            totals[warp][head] = total[h];
        }
        float* to = block_sums + warp * Shape::kStage + head * kStride + lane % 4 * 2;
#pragma unroll
        for (int n = 0; n < kDim / 8; n++) *reinterpret_cast<float2*>(to + n * 8) = make_float2(sums[n][2 * h], sums[n][2 * h + 1]);
    }
    __syncthreads();
    constexpr int kFours = kDim / 4;
    T* out = static_cast<T*>(a.out) + row.first_token * a.out_stride + static_cast<int64_t>(first_head) * kDim;
    const int64_t slot = (static_cast<int64_t>(blockIdx.x) * a.heads + first_head) * splits;
    for (int i = thread; i < heads * kFours; i += kThreads) {
        const int head = i / kFours, d = i % kFours * 4;
        const WarpSums<kDim> parts(block_sums, maxima, totals, head);
        if (active == 1) {
            store_four(out + head * kDim + d, parts.at(d), 1 / (parts.total + sink_weight(sinks, head, parts.largest)));
            continue;
        }
        const int64_t own = slot + static_cast<int64_t>(head) * splits + split;
        *reinterpret_cast<float4*>(scratch.sums + own * kDim + d) = parts.at(d);
        if (d == 0) scratch.softmax[own] = make_float2(parts.largest, parts.total);
    }
    if (active == 1) return;

    if (!arrives_last(scratch, active)) return;
    merge_splits<T, kDim, kThreads>(out, scratch, slot, heads, splits, active, sinks, block_sums);
}

}  // namespace octavo::cuda::kernels
