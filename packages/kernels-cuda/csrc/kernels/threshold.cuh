// Which of a row's tokens the filters keep: all above a limit, and of those at the limit the ones up to some id. One block a row.
#pragma once

#include <climits>

#include "kernels/select.cuh"

namespace octavo::cuda::kernels {

/** The token of the `rank`-th (from 1) occurrence of `key`, by id. */
__device__ inline int occurrence(const SampleRow& row, uint32_t key, long long rank) {
    __shared__ int counts[kSampleWarps];
    __shared__ int token;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    if (threadIdx.x == 0) token = INT_MAX;
    long long before = 0;
    for (int first = 0; first < row.count; first += kSampleThreads) {
        const int i = first + static_cast<int>(threadIdx.x);
        const bool matches = i < row.count && key_of(row.value(i)) == key;
        const unsigned lanes = __ballot_sync(kAllLanes, matches);
        __syncthreads();
        if (lane == 0) counts[warp] = __popc(lanes);
        __syncthreads();
        long long position = before + __popc(lanes & ((1u << lane) - 1)) + 1;
        for (int w = 0; w < kSampleWarps; w++) {
            if (w < warp) position += counts[w];
            before += counts[w];
        }
        if (matches && position == rank) token = i;
        if (before >= rank) break;
    }
    __syncthreads();
    return token;
}

struct Filters {
    float top_p, min_p;
    int top_k;
};

/** What is kept: keys above `key`, and those equal to it up to token `last`. */
struct Kept {
    uint32_t key;
    int last;

    __device__ bool keeps(float value, int token) const {
        const uint32_t other = key_of(value);
        return other > key || (other == key && token <= last);
    }
};

/** Exactly `count` tokens, fewer than the row has: of those that share the last place the lowest ids. */
__device__ inline Kept most_likely(const SampleRow& row, int count) {
    const Selection last = select<false>(row, 0, count);
    const Measure needed = static_cast<Measure>(count) - last.above;
    return {last.key, needed < last.at ? occurrence(row, last.key, static_cast<long long>(needed)) : INT_MAX};
}

__device__ inline Kept filter(const SampleRow& row, const Filters& filters) {
    Kept kept = {0, INT_MAX};
    if (filters.min_p > 0) {
        const double lowest = static_cast<double>(row.largest) + log(static_cast<double>(filters.min_p));
        kept.key = key_of(fminf(__double2float_ru(lowest), row.largest));
    }
    if (filters.top_k > 0 && filters.top_k < row.count) {
        const uint32_t kth = select<false>(row, 0, filters.top_k).key;
        if (kth > kept.key) kept.key = kth;
    }
    if (filters.top_p < 1) {
        const Selection end = select<true>(row, kept.key, filters.top_p);
        const Measure weight = row.weight(value_of(end.key));
        kept.key = end.key;
        if (weight > 0) {
            const double needed = fmax(ceil((end.target - static_cast<double>(end.above)) / static_cast<double>(weight)), 1.0);
            if (needed < static_cast<double>(end.at / weight)) kept.last = occurrence(row, end.key, static_cast<long long>(needed));
        }
    }
    return kept;
}

}  // namespace octavo::cuda::kernels
