// What the tensor-core attention kernels share: a plan's entry and where its keys lie, both checked; the softmax's units.
#pragma once

#include "kernels/fault.cuh"
#include "kernels/mma.cuh"
#include "kernels/reduce.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

/** Rows of a tile in shared memory are this many elements longer than the head: eight of them then lie in other banks each. */
inline constexpr int kTilePadding = 8;
/** Softmaxes are computed in powers of two: scores are multiplied by this and the scale. */
inline constexpr float kLog2OfE = 1.44269504088896340736f;

/** Below every score, and finite: what is masked in a row that has seen nothing yet weighs 0 and not NaN. */
inline constexpr float kLowestScore = -3e38f;

/** Which kernels a call needs: those without options are what most models run. */
enum class AttentionKind { kPlain, kOptions, kEncoder };

/** From a dot product to its score in powers of two, before ALiBi. */
struct ScoreRule {
    float scale, cap;

    __device__ explicit ScoreRule(const AttentionOptions& options)
        : scale(kLog2OfE * (options.softcap != 0 ? 2 * options.scale / options.softcap : options.scale)), cap(kLog2OfE * options.softcap) {}

    /** tanh(x) = 1 - 2 / (e^2x + 1) */
    __device__ float operator()(float dot) const {
        return cap == 0 ? dot * scale : cap - __fdividef(2 * cap, fast_exp2(dot * scale) + 1);
    }
};

/** What a head's sink adds to a sum of weights whose largest score is `largest`. Infinite far above it: the output is 0 then. */
__device__ inline float sink_weight(const float* sinks, int64_t head, float largest) {
    return sinks ? fast_exp2(sinks[head] * kLog2OfE - largest) : 0.0f;
}

struct AttentionRow {
    int first_token, query_len, context_len;
    const int32_t* table;
};

/** @returns false for an entry without tokens (a graph's padding), and after reporting one that leaves its tables */
__device__ inline bool find_row(const BatchView& batch, const PagedAttention& a, int64_t entry, AttentionRow& row, Fault* fault) {
    const int32_t* starts = batch.plan + batch.query_starts;
    const int64_t start = starts[entry], end = starts[entry + 1];
    if (start == end) return false;
    const int64_t id = batch.plan[batch.row_ids + entry], context = batch.plan[batch.context_lens + entry];
    const bool valid = id >= 0 && id < batch.max_rows && start >= 0 && start < end && end <= a.tokens && context >= 0 &&
                       context + end - start <= batch.max_blocks * batch.block_size;
    if (!valid) {
        if (threadIdx.x == 0) report(fault, kPlanEntry, id);
        return false;
    }
    row = {static_cast<int>(start), static_cast<int>(end - start), static_cast<int>(context), batch.block_tables + id * batch.max_blocks};
    return true;
}

/** An encoder's entry, its tokens at positions from 0 on. @returns as find_row */
__device__ inline bool find_prompt(const BatchView& batch, const PagedAttention& a, int64_t entry, AttentionRow& row, Fault* fault) {
    const int32_t* starts = batch.plan + batch.query_starts;
    const int64_t start = starts[entry], end = starts[entry + 1];
    if (start == end) return false;
    if (start < 0 || start > end || end > a.tokens) {
        if (threadIdx.x == 0) report(fault, kPlanEntry, entry);
        return false;
    }
    row = {static_cast<int>(start), static_cast<int>(end - start), 0, nullptr};
    return true;
}

/** The row of [blocks * kv_heads * block_size, head_dim] where a position lies, or -1 after reporting a block that is not there. */
__device__ inline int cache_row(const PagedCache& cache, const int32_t* table, int position, int kv_head, Fault* fault) {
    const int block_size = static_cast<int>(cache.block_size), index = position / block_size;
    const int block = table[index];
    if (block < 0 || block >= cache.blocks) {
        report(fault, kCacheBlock, block);
        return -1;
    }
    return (block * static_cast<int>(cache.kv_heads) + kv_head) * block_size + position - index * block_size;
}

/** The largest of the four lanes that share a row of a fragment. */
__device__ inline float quad_max(float value) {
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, 1));
    return fmaxf(value, __shfl_xor_sync(kAllLanes, value, 2));
}

__device__ inline float quad_sum(float value) {
    value += __shfl_xor_sync(kAllLanes, value, 1);
    return value + __shfl_xor_sync(kAllLanes, value, 2);
}

}  // namespace octavo::cuda::kernels
