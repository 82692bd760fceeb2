// logprobs as ops.ts defines it, one block a sample. For a few alternatives every thread keeps the best of its own tokens (those at its
// index modulo the block's size), so that after a winner only the winner's thread has to look for its next one. Many are selected as
// top_k is and sorted in the output, up to the whole vocabulary.
#pragma once

#include <climits>

#include "kernels/best.cuh"
#include "kernels/reduce.cuh"
#include "kernels/sort.cuh"
#include "kernels/threshold.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

/** A row of logits; NaN counts as negative infinity. */
struct LogitRow {
    const float* logits;
    int count;

    __device__ float value(int token) const { return isnan(logits[token]) ? -INFINITY : logits[token]; }

    /** This thread's best token that comes after `winner` in the order of likelihood. */
    __device__ Best<float> best_after(const Best<float>& winner) const {
        Best<float> best = {-INFINITY, INT_MAX};
        for (int i = static_cast<int>(threadIdx.x); i < count; i += kSampleThreads) {
            const float score = value(i);
            const bool is_after = score < winner.score || (score == winner.score && i > winner.token);
            if (is_after) best.consider({score, i});
        }
        return best;
    }
};

/** From a token's logit to its result. */
struct Scale {
    float largest, log_sum;
    bool as_logits;

    __device__ float result(float value) const {
        if (as_logits) return value;
        return (value == largest ? 0.0f : value - largest) - log_sum;
    }
};

/** Fills column 0 and the rank. */
__device__ inline Scale score_picked(const Logprobs& out, int64_t s, const LogitRow& row, int token, float largest) {
    const bool exists = token >= 0 && token < row.count;
    const float own = exists ? row.value(token) : -INFINITY;
    float sum = 0, larger = 0;  // counts up to 2^24 are exact in float32
    for (int i = static_cast<int>(threadIdx.x); i < row.count; i += kSampleThreads) {
        const float value = row.value(i);
        sum += value == largest ? 1.0f : expf(value - largest);
        larger += value > own ? 1.0f : 0.0f;
    }
    const Scale scale = {largest, logf(block_sum<kSampleThreads>(sum)), out.as_logits};
    larger = block_sum<kSampleThreads>(larger);
    if (threadIdx.x == 0) {
        out.tokens[s * out.columns] = token;
        out.logprobs[s * out.columns] = exists ? scale.result(own) : -INFINITY;
        out.ranks[s] = 1 + static_cast<int>(larger);
    }
    return scale;
}

/** For a few alternatives. */
__global__ void __launch_bounds__(kSampleThreads)
    logprobs(Logprobs out, const float* logits, const int32_t* picked, int vocabulary) {
    const int64_t s = blockIdx.x;
    const LogitRow row = {logits + s * vocabulary, vocabulary};
    int32_t* tokens = out.tokens + s * out.columns;
    float* results = out.logprobs + s * out.columns;

    // Before all others: ids begin at 0, and an infinite logit comes after this one, too.
    Best<float> own_best = row.best_after({INFINITY, -1});
    Best<float> winner = block_best(own_best);
    const Scale scale = score_picked(out, s, row, picked[s], winner.score);

    for (int64_t column = 1; column < out.columns; column++) {
        if (threadIdx.x == 0) {
            tokens[column] = winner.token;
            results[column] = scale.result(winner.score);
        }
        if (column + 1 == out.columns) break;
        if (winner.token % kSampleThreads == static_cast<int>(threadIdx.x)) own_best = row.best_after(winner);
        winner = block_best(own_best);
    }
}

/** For any number of alternatives, at least one. */
__global__ void __launch_bounds__(kSampleThreads)
    sorted_logprobs(Logprobs out, const float* logits, const int32_t* picked, int vocabulary) {
    const int64_t s = blockIdx.x;
    const LogitRow row = {logits + s * vocabulary, vocabulary};
    const Best<float> best = block_best(row.best_after({INFINITY, -1}));
    const Scale scale = score_picked(out, s, row, picked[s], best.score);

    __shared__ int found;
    if (threadIdx.x == 0) found = 0;
    const SampleRow likely = {row.logits, vocabulary, 1.0f, best.score};
    const int count = static_cast<int>(out.columns) - 1;
    const Kept kept = count < vocabulary ? most_likely(likely, count) : Kept{0, INT_MAX};
    const Ranking ranking = {out.logprobs + s * out.columns + 1, out.tokens + s * out.columns + 1, count};
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < vocabulary; i += kSampleThreads) {
        const float value = likely.value(i);
        if (!kept.keeps(value, i)) continue;
        const int place = atomicAdd(&found, 1);
        if (place >= count) continue;
        ranking.values[place] = value;
        ranking.tokens[place] = i;
    }
    sort(ranking);
    for (int i = static_cast<int>(threadIdx.x); i < count; i += kSampleThreads) {
        ranking.values[i] = scale.result(ranking.values[i]);
    }
}

}  // namespace octavo::cuda::kernels
