// Sampling as ops.ts defines it, one block a sample. Nothing is sorted: see select.cuh.
#pragma once

#include <climits>

#include "kernels/best.cuh"
#include "kernels/fault.cuh"
#include "kernels/philox.cuh"
#include "kernels/reduce.cuh"
#include "kernels/select.cuh"
#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

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

/** The score that decides, in float64. */
__device__ inline Best<double> score_of(int token, float value, uint32_t word) { return {static_cast<double>(value) + gumbel(word), token}; }

/**
 * The kept token with the largest value + noise. Noise in float64 takes most of the time, so it is computed only for tokens that can
 * still win: -log(-log(u)) > c needs 1 - u < exp(-c), because -log(u) is never less than 1 - u.
 * @param greedy the token with the largest value, which is always kept
 */
__device__ inline int gumbel_argmax(const SampleRow& row, const Kept& kept, const NoiseKey& noise, int greedy) {
    const uint4 its_group = draw(noise, static_cast<uint32_t>(greedy) / 4);
    const uint32_t its_words[4] = {its_group.x, its_group.y, its_group.z, its_group.w};
    Best<double> best = score_of(greedy, row.largest, its_words[greedy % 4]);
    for (int round = 0; round * kSampleThreads * 4 < row.count; round++) {
        // A bound from the first tokens of all threads spares the others most of the work.
        if (round == 1) best = block_best(best);
        const float bound = static_cast<float>(best.score);
        const int first = (round * kSampleThreads + static_cast<int>(threadIdx.x)) * 4;
        if (first >= row.count) continue;
        const uint4 group = draw(noise, static_cast<uint32_t>(first) / 4);
        const uint32_t words[4] = {group.x, group.y, group.z, group.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int token = first + i;
            if (token >= row.count) break;
            const float value = row.value(token);
            // A little more than exp(value - bound), for the rounding of both.
            const float limit = __expf(value - bound + 1e-3f + 1e-5f * fabsf(bound));
            if (!(one_minus_uniform(words[i]) <= limit)) continue;
            const uint32_t key = key_of(value);
            const bool keep = value > -INFINITY && (key > kept.key || (key == kept.key && token <= kept.last));
            if (keep) best.consider(score_of(token, value, words[i]));
        }
    }
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
    const int32_t after = batch.plan[batch.sample_tokens + s];
    const float temperature = __int_as_float(words[row_init::kTemperature]);
    SampleRow row = {logits + s * vocabulary, vocabulary, 1 / temperature, 0};
    int token = argmax(row.logits, vocabulary);
    if (token != kNoToken && temperature > 0 && isfinite(row.factor) && isfinite(row.logits[token])) {
        row.largest = row.value(token);
        if (isfinite(row.largest)) {
            const Filters filters = {__int_as_float(words[row_init::kTopP]), __int_as_float(words[row_init::kMinP]),
                                     words[row_init::kTopK]};
            const NoiseKey noise = {static_cast<uint32_t>(words[row_init::kSeedLow]), static_cast<uint32_t>(words[row_init::kSeedHigh]),
                                    static_cast<uint32_t>(batch.plan[batch.context_lens + entry] + after - starts[0] + 1),
                                    static_cast<uint32_t>(words[row_init::kChoice])};
            const int drawn = gumbel_argmax(row, filter(row, filters), noise, token);
            if (drawn < vocabulary) token = drawn;
        }
    }
    if (threadIdx.x == 0) {
        tokens[s] = token;
        if (after == starts[1] - 1) batch.last_tokens[row_id] = token == kNoToken ? 0 : token;
    }
}

}  // namespace octavo::cuda::kernels
