// Finding the limit of top_k or top_p among a row's values without sorting them, one block a row. A first histogram is linear in the
// distance to the largest value, over which logits spread well, so that few threads add to one bin at once; the bin that holds the
// limit is then taken apart digit by digit in the order-preserving integer form of its values (radix select). Weights are summed as
// fixed-point integers: the sum does not depend on the order of the atomic additions, and equal weights add up exactly.
#pragma once

#include <cstdint>

#include "kernels/reduce.cuh"

namespace octavo::cuda::kernels {

inline constexpr int kSampleThreads = 1024, kSampleWarps = kSampleThreads / kWarp;
/** Room for 2^20 weights of at most 1. */
inline constexpr float kWeightUnit = 0x1p43f;

using Measure = unsigned long long;

/** One sample's logits divided by the temperature (by multiplication, the same for every use). */
struct SampleRow {
    const float* logits;
    int count;
    float factor;
    float largest;

    /** NaN counts as negative infinity; -0 is 0, because the two must tie. */
    __device__ float value(int token) const {
        const float logit = logits[token];
        if (isnan(logit)) return -INFINITY;
        const float scaled = logit * factor;
        return scaled == 0.0f ? 0.0f : scaled;
    }
    /** exp(value - largest) in units of 2^-43. */
    __device__ Measure weight(float value) const { return static_cast<Measure>(expf(value - largest) * kWeightUnit); }
};

/** An integer that orders as the floats do. */
__device__ inline uint32_t key_of(float value) {
    const uint32_t bits = __float_as_uint(value);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ inline float value_of(uint32_t key) { return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key); }

/** Where the running measure, from the largest value down, reaches the target. */
struct Selection {
    uint32_t key;
    /** Of all keys above it, and of the key itself. */
    Measure above, at;
    double target;
};

inline constexpr int kCoarseBins = 2048, kFineBins = 256;

/** The bin of a value by its distance to the largest, in steps of 1/64; the last one takes all that are further away. */
__device__ inline int coarse_bin(const SampleRow& row, float value) {
    return static_cast<int>(fminf((row.largest - value) * 64, kCoarseBins - 1));
}

/** Sums of measures by bin, in two words: 64-bit additions in shared memory are loops, 32-bit ones are instructions. */
struct Bins {
    uint32_t low[kCoarseBins], high[kCoarseBins];

    __device__ void clear(int count) {
        for (int i = static_cast<int>(threadIdx.x); i < count; i += kSampleThreads) low[i] = high[i] = 0;
        __syncthreads();
    }
    __device__ void add(int bin, Measure measure) {
        const uint32_t word = static_cast<uint32_t>(measure);
        const uint32_t carry = word > 0xffffffffu - atomicAdd(&low[bin], word) ? 1 : 0;
        const uint32_t upper = static_cast<uint32_t>(measure >> 32) + carry;
        if (upper > 0) atomicAdd(&high[bin], upper);
    }
    __device__ Measure sum(int bin) const { return static_cast<Measure>(high[bin]) << 32 | low[bin]; }
};

/** The sum over the block's threads before this one; `total` receives that over all. */
__device__ inline Measure block_scan(Measure own, Measure& total) {
    __shared__ Measure warps[kSampleWarps];
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    Measure sum = own;
    for (int offset = 1; offset < kWarp; offset *= 2) {
        const Measure below = __shfl_up_sync(kAllLanes, sum, offset);
        if (lane >= offset) sum += below;
    }
    if (lane == kWarp - 1) warps[warp] = sum;
    __syncthreads();
    Measure before = 0;
    total = 0;
    for (int i = 0; i < kSampleWarps; i++) {
        if (i < warp) before += warps[i];
        total += warps[i];
    }
    __syncthreads();
    return before + sum - own;
}

/**
 * The last bin that has anything while the sum of those before it is still below the target: where the target is reached, or, where
 * rounding keeps it out of reach, the last one that has anything. Updates `above` and `at`; all threads get the bin.
 * @param scale whether the target, a share, is first multiplied by the sum of all bins
 */
template <int kBins>
__device__ int reach(const Bins& bins, Selection& found, bool scale) {
    constexpr int kOwn = kBins < kSampleThreads ? 1 : kBins / kSampleThreads;
    __shared__ int reached;
    __shared__ Measure above, at;
    const int first = static_cast<int>(threadIdx.x) * kOwn;
    Measure own[kOwn], sum = 0, total;
    for (int i = 0; i < kOwn; i++) {
        own[i] = first + i < kBins ? bins.sum(first + i) : 0;
        sum += own[i];
    }
    if (threadIdx.x == 0) reached = 0;
    Measure before = found.above + block_scan(sum, total);
    if (scale) found.target = fmax(found.target * static_cast<double>(total), 1.0);
    int candidate = -1;
    Measure candidate_above = 0, candidate_at = 0;
    for (int i = 0; i < kOwn; i++) {
        if (own[i] > 0 && static_cast<double>(before) < found.target) {
            candidate = first + i;
            candidate_above = before;
            candidate_at = own[i];
        }
        before += own[i];
    }
    if (candidate >= 0) atomicMax(&reached, candidate);
    __syncthreads();
    if (candidate >= 0 && candidate == reached) {
        above = candidate_above;
        at = candidate_at;
    }
    __syncthreads();
    found.above = above;
    found.at = at;
    const int result = reached;
    __syncthreads();
    return result;
}

/**
 * Among tokens with keys of at least `lowest` (the largest value is one): the largest key such that those from it up count `target`
 * tokens (kWeighted: weigh `target` times the whole).
 */
template <bool kWeighted>
__device__ Selection select(const SampleRow& row, uint32_t lowest, double target) {
    __shared__ Bins bins;
    Selection found = {0, 0, 0, target};
    const auto add = [&](int bin, float value) {
        const Measure measure = kWeighted ? row.weight(value) : 1;
        if (measure > 0) bins.add(bin, measure);
    };
    bins.clear(kCoarseBins);
    for (int i = static_cast<int>(threadIdx.x); i < row.count; i += kSampleThreads) {
        const float value = row.value(i);
        if (key_of(value) >= lowest) add(coarse_bin(row, value), value);
    }
    __syncthreads();
    const int coarse = reach<kCoarseBins>(bins, found, kWeighted);
    for (int shift = 24; shift >= 0; shift -= 8) {
        bins.clear(kFineBins);
        const uint32_t decided = shift == 24 ? 0 : 0xffffffffu << (shift + 8);
        for (int i = static_cast<int>(threadIdx.x); i < row.count; i += kSampleThreads) {
            const float value = row.value(i);
            const uint32_t key = key_of(value);
            if (key < lowest || (key & decided) != found.key || coarse_bin(row, value) != coarse) continue;
            add(kFineBins - 1 - static_cast<int>(key >> shift & 255), value);
        }
        __syncthreads();
        const int bin = reach<kFineBins>(bins, found, false);
        found.key |= static_cast<uint32_t>(kFineBins - 1 - bin) << shift;
    }
    return found;
}

}  // namespace octavo::cuda::kernels
