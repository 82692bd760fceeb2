// Sampling as ops.ts defines it, one block a sample. Nothing is sorted: see select.cuh.
#pragma once

#include <climits>

#include "kernels/fault.cuh"
#include "kernels/philox.cuh"
#include "kernels/reduce.cuh"
#include "kernels/select.cuh"
#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

template <typename Score>
struct Best {
    Score score;
    int token;

    __device__ void consider(const Best& other) {
        if (other.score > score || (other.score == score && other.token < token)) *this = other;
    }
};

/** The best of the block, for every thread; equal scores go to the lowest token. */
template <typename Score>
__device__ Best<Score> block_best(Best<Score> best) {
    __shared__ Best<Score> partial[kSampleWarps];
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        best.consider({__shfl_xor_sync(kAllLanes, best.score, offset), __shfl_xor_sync(kAllLanes, best.token, offset)});
    }
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = best;
    __syncthreads();
    best = partial[0];
    for (int i = 1; i < kSampleWarps; i++) best.consider(partial[i]);
    __syncthreads();
    return best;
}

/** The token with the largest logit; kNoToken when there is none above negative infinity. */
__device__ inline int argmax(const float* logits, int count) {
    Best<float> best = {-INFINITY, INT_MAX};
    for (int i = static_cast<int>(threadIdx.x); i < count; i += kSampleThreads) {
        if (logits[i] > best.score) best = {logits[i], i};
    }
    best = block_best(best);
    return best.score == -INFINITY ? kNoToken : best.token;
}

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
};

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

/** Calls `use(token, value, word)` for each kept token of this thread, with the random word of its noise. */
template <typename Use>
__device__ void for_each_kept(const SampleRow& row, const Kept& kept, const NoiseKey& noise, Use use) {
    for (int first = static_cast<int>(threadIdx.x) * 4; first < row.count; first += kSampleThreads * 4) {
        float values[4];
        bool any = false;
        for (int i = 0; i < 4; i++) {
            const int token = first + i;
            const float value = token < row.count ? row.value(token) : -INFINITY;
            const uint32_t key = key_of(value);
            const bool keep = value > -INFINITY && (key > kept.key || (key == kept.key && token <= kept.last));
            values[i] = keep ? value : -INFINITY;
            any |= keep;
        }
        if (!any) continue;
        const uint4 group = draw(noise, static_cast<uint32_t>(first) / 4);
        const uint32_t words[4] = {group.x, group.y, group.z, group.w};
        for (int i = 0; i < 4; i++) {
            if (values[i] > -INFINITY) use(first + i, values[i], words[i]);
        }
    }
}

/**
 * The kept token with the largest value + noise. The noise is defined in float64, which takes most of the time; so float32 finds
 * the few tokens that can be the one, and float64 decides among them.
 */
__device__ inline int gumbel_argmax(const SampleRow& row, const Kept& kept, const NoiseKey& noise) {
    Best<float> near = {-INFINITY, INT_MAX};
    for_each_kept(row, kept, noise, [&](int token, float value, uint32_t word) { near.consider({value + gumbel_estimate(word), token}); });
    near = block_best(near);
    // Far more than the estimate and its sum can be off.
    const float enough = near.score - 1e-3f - 1e-5f * fabsf(near.score);
    Best<double> best = {-INFINITY, INT_MAX};
    for_each_kept(row, kept, noise, [&](int token, float value, uint32_t word) {
        if (value + gumbel_estimate(word) >= enough) best.consider({static_cast<double>(value) + gumbel(word), token});
    });
    return block_best(best).token;
}

__global__ void __launch_bounds__(kSampleThreads)
    sample(BatchView batch, int32_t* tokens, const float* logits, int vocabulary, Fault* fault) {
    const int64_t s = blockIdx.x;
    const int64_t entry = batch.plan[batch.sample_rows + s];
    const int64_t row_id = entry >= 0 && entry < batch.max_rows ? batch.plan[batch.row_ids + entry] : -1;
    if (row_id < 0 || row_id >= batch.max_rows) {
        if (threadIdx.x == 0) report(fault, kPlanSample, entry);
        return;
    }
    const int32_t* words = batch.sampling + row_id * kRowInitWords;
    const int32_t* starts = batch.plan + batch.query_starts + entry;
    SampleRow row = {logits + s * vocabulary, vocabulary, __int_as_float(words[row_init::kTemperature]), 0};
    int token = argmax(row.logits, vocabulary);
    if (token != kNoToken && row.temperature > 0 && isfinite(row.logits[token])) {
        row.largest = row.value(token);
        if (isfinite(row.largest)) {
            const Filters filters = {__int_as_float(words[row_init::kTopP]), __int_as_float(words[row_init::kMinP]),
                                     words[row_init::kTopK]};
            const NoiseKey noise = {static_cast<uint32_t>(words[row_init::kSeedLow]), static_cast<uint32_t>(words[row_init::kSeedHigh]),
                                    static_cast<uint32_t>(batch.plan[batch.context_lens + entry] + starts[1] - starts[0]),
                                    static_cast<uint32_t>(words[row_init::kChoice])};
            const int drawn = gumbel_argmax(row, filter(row, filters), noise);
            if (drawn < vocabulary) token = drawn;
        }
    }
    if (threadIdx.x == 0) {
        tokens[s] = token;
        batch.last_tokens[row_id] = token == kNoToken ? 0 : token;
    }
}

}  // namespace octavo::cuda::kernels
