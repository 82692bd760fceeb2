// logprobs as ops.ts defines it. One thread does a row: it writes the exponentials to its scratch and sums them in double, always
// in the same order; many alternatives are sorted there after that.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/ops.h"

namespace octavo::cpu {
namespace {

constexpr float kNothing = -INFINITY;

float value_at(const float* logits, int64_t token) { return std::isnan(logits[token]) ? kNothing : logits[token]; }

/** Up to so many tokens are found by insertion: their order is that of a sort, in one pass over the vocabulary. */
constexpr int64_t kMostInserted = 64;

/** As find_likely, for many tokens. @param room vocabulary elements */
void sort_likely(int32_t* tokens, int64_t count, const float* logits, int64_t vocabulary, int32_t* room) {
    const auto before = [&](int32_t a, int32_t b) {
        const float first = value_at(logits, a), second = value_at(logits, b);
        return first > second || (first == second && a < b);
    };
    std::iota(room, room + vocabulary, 0);
    if (count < vocabulary) std::nth_element(room, room + count, room + vocabulary, before);
    std::sort(room, room + count, before);
    std::copy(room, room + count, tokens);
}

/** The `count` most likely tokens, best first; of equal ones the lowest ids, which come first. @param room vocabulary elements */
void find_likely(int32_t* tokens, int64_t count, const float* logits, int64_t vocabulary, int32_t* room) {
    if (count == 0) return;
    if (count > kMostInserted) return sort_likely(tokens, count, logits, vocabulary, room);
    int64_t found = 0;
    float last = kNothing;
    for (int64_t i = 0; i < vocabulary; i++) {
        if (found == count && !(logits[i] > last)) continue;
        const float value = value_at(logits, i);
        int64_t place = found < count ? found++ : count - 1;
        for (; place > 0 && value_at(logits, tokens[place - 1]) < value; place--) tokens[place] = tokens[place - 1];
        tokens[place] = static_cast<int32_t>(i);
        last = value_at(logits, tokens[found - 1]);
    }
}

double sum_of_exponentials(const SamplingKernels& kernels, const float* logits, int64_t vocabulary, float largest, float* scratch) {
    double sums[4] = {};
    if (std::isinf(largest)) {
        for (int64_t i = 0; i < vocabulary; i++) sums[0] += value_at(logits, i) == largest ? 1 : 0;
        return sums[0];
    }
    // NaN becomes negative infinity here, as everywhere in sampling.
    kernels.temper(scratch, logits, vocabulary, 1.0f);
    kernels.weigh(scratch, scratch, vocabulary, largest);
    int64_t i = 0;
    for (; i + 4 <= vocabulary; i += 4) {
        for (int lane = 0; lane < 4; lane++) sums[lane] += scratch[i + lane];
    }
    for (; i < vocabulary; i++) sums[0] += scratch[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

void logprobs(Context& context, const Logprobs& out, const float* logits, const int32_t* picked, int64_t samples, int64_t vocabulary) {
    const SamplingKernels& kernels = context.kernels.sampling;
    context.pool.run(samples, samples * vocabulary >= kMinParallelElements, [&](int64_t s, int thread) {
        const float* row = logits + s * vocabulary;
        int32_t* tokens = out.tokens + s * out.columns;
        float* results = out.logprobs + s * out.columns;
        const float largest = value_at(row, kernels.argmax(row, vocabulary));
        float* scratch = context.pool.scratch(thread, vocabulary);
        const double log_sum = out.as_logits ? 0 : std::log(sum_of_exponentials(kernels, row, vocabulary, largest, scratch));
        const auto result = [&](float value) {
            if (out.as_logits) return value;
            return static_cast<float>((value == largest ? 0.0 : static_cast<double>(value) - largest) - log_sum);
        };

        const int64_t token = tokens[0] = picked[s];
        const bool exists = token >= 0 && token < vocabulary;
        const float own = exists ? value_at(row, token) : kNothing;
        results[0] = exists ? result(own) : kNothing;
        int32_t larger = 0;
        for (int64_t i = 0; i < vocabulary; i++) larger += row[i] > own ? 1 : 0;
        out.ranks[s] = larger + 1;

        find_likely(tokens + 1, out.columns - 1, row, vocabulary, reinterpret_cast<int32_t*>(scratch));
        for (int64_t column = 1; column < out.columns; column++) results[column] = result(value_at(row, tokens[column]));
    });
}

}  // namespace octavo::cpu
