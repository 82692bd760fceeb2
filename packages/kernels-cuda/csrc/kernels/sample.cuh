// Sampling as ops.ts defines it, one block a sample. Nothing is sorted: see select.cuh.
#pragma once

#include <climits>

#include "kernels/best.cuh"
#include "kernels/fault.cuh"
#include "kernels/philox.cuh"
#include "kernels/reduce.cuh"
#include "kernels/threshold.cuh"
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
            if (value > -INFINITY && kept.keeps(value, token)) best.consider(score_of(token, value, words[i]));
        }
    }
    return block_best(best).token;
}

/** One sample's place in the plan. */
struct SamplePlace {
    int64_t row;
    const int32_t* words;  // of its row init
    uint32_t position;
    bool is_last;

    __device__ float parameter(int word) const { return __int_as_float(words[word]); }
    __device__ Filters filters() const {
        return {parameter(row_init::kTopP), parameter(row_init::kMinP), words[row_init::kTopK]};
    }
    __device__ NoiseKey noise() const {
        return {static_cast<uint32_t>(words[row_init::kSeedLow]), static_cast<uint32_t>(words[row_init::kSeedHigh]), position,
                static_cast<uint32_t>(words[row_init::kChoice])};
    }
};

/** @returns false, after a report, for a sample that names a row outside of the tables */
__device__ inline bool find_place(const BatchView& batch, int64_t s, SamplePlace& place, Fault* fault) {
    const int64_t entry = batch.plan[batch.sample_rows + s];
    place.row = entry >= 0 && entry < batch.max_rows ? batch.plan[batch.row_ids + entry] : -1;
    if (place.row < 0 || place.row >= batch.max_rows) {
        if (threadIdx.x == 0) report(fault, kPlanSample, entry);
        return false;
    }
    place.words = batch.sampling + place.row * kRowInitWords;
    const int32_t* starts = batch.plan + batch.query_starts + entry;
    const int32_t after = batch.plan[batch.sample_tokens + s];
    place.position = static_cast<uint32_t>(batch.plan[batch.context_lens + entry] + after - starts[0] + 1);
    place.is_last = after == starts[1] - 1;
    return true;
}

/**
 * Divides by the temperature.
 * @param greedy the largest logit's token
 * @returns false where there is no token, or the largest is taken
 */
__device__ inline bool temper(SampleRow& row, float temperature, int greedy) {
    row.factor = 1 / temperature;
    if (greedy == kNoToken || !(temperature > 0) || !isfinite(row.factor) || !isfinite(row.logits[greedy])) return false;
    row.largest = row.value(greedy);
    return isfinite(row.largest);
}

__global__ void __launch_bounds__(kSampleThreads)
    sample(BatchView batch, int32_t* tokens, const float* logits, int vocabulary, Fault* fault) {
    const int64_t s = blockIdx.x;
    SamplePlace place;
    if (!find_place(batch, s, place, fault)) return;
    SampleRow row = {logits + s * vocabulary, vocabulary, 0, 0};
    int token = argmax(row.logits, vocabulary);
    if (temper(row, place.parameter(row_init::kTemperature), token)) {
        const int drawn = gumbel_argmax(row, filter(row, place.filters()), place.noise(), token);
        if (drawn < vocabulary) token = drawn;
    }
    if (threadIdx.x == 0) {
        tokens[s] = token;
        if (place.is_last) batch.last_tokens[place.row] = token == kNoToken ? 0 : token;
    }
}

__global__ void __launch_bounds__(kSampleThreads) filter_logits(BatchView batch, float* logits, int vocabulary, Fault* fault) {
    const int64_t s = blockIdx.x;
    SamplePlace place;
    if (!find_place(batch, s, place, fault)) return;
    float* values = logits + s * vocabulary;
    SampleRow row = {values, vocabulary, 0, 0};
    const int greedy = argmax(row.logits, vocabulary);
    if (!temper(row, place.parameter(row_init::kTemperature), greedy)) return;
    const Kept kept = filter(row, place.filters());
    // Nobody may still read what is written now.
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < vocabulary; i += kSampleThreads) {
        const float value = row.value(i);
        values[i] = kept.keeps(value, i) ? value : -INFINITY;
    }
}

}  // namespace octavo::cuda::kernels
