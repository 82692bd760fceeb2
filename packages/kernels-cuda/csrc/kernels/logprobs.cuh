// logprobs as ops.ts defines it, one block a sample. Every thread keeps the best of its own tokens (those at its index modulo the
// block's size), so that after a winner only the winner's thread has to look for its next one.
#pragma once

#include <climits>

#include "kernels/best.cuh"
#include "kernels/reduce.cuh"
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

__global__ void __launch_bounds__(kSampleThreads)
    logprobs(Logprobs out, const float* logits, const int32_t* picked, int vocabulary) {
    const int64_t s = blockIdx.x;
    const LogitRow row = {logits + s * vocabulary, vocabulary};
    int32_t* tokens = out.tokens + s * out.columns;
    float* results = out.logprobs + s * out.columns;

    // Before all others: ids begin at 0, and an infinite logit comes after this one, too.
    Best<float> own_best = row.best_after({INFINITY, -1});
    Best<float> winner = block_best(own_best);
    const float largest = winner.score;
    const int token = picked[s];
    const bool exists = token >= 0 && token < vocabulary;
    const float own = exists ? row.value(token) : -INFINITY;
    float sum = 0, larger = 0;  // counts up to 2^24 are exact in float32
    for (int i = static_cast<int>(threadIdx.x); i < vocabulary; i += kSampleThreads) {
        const float value = row.value(i);
        sum += value == largest ? 1.0f : expf(value - largest);
        larger += value > own ? 1.0f : 0.0f;
    }
    const float log_sum = logf(block_sum<kSampleThreads>(sum));
    larger = block_sum<kSampleThreads>(larger);
    const auto logprob = [&](float value) { return (value == largest ? 0.0f : value - largest) - log_sum; };
    if (threadIdx.x == 0) {
        tokens[0] = token;
        results[0] = exists ? logprob(own) : -INFINITY;
        out.ranks[s] = 1 + static_cast<int>(larger);
    }

    for (int64_t column = 1; column < out.columns; column++) {
        if (threadIdx.x == 0) {
            tokens[column] = winner.token;
            results[column] = logprob(winner.score);
        }
        if (column + 1 == out.columns) break;
        if (winner.token % kSampleThreads == static_cast<int>(threadIdx.x)) own_best = row.best_after(winner);
        winner = block_best(own_best);
    }
}

}  // namespace octavo::cuda::kernels
