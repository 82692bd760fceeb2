// Which experts a token uses: scores, choice, weights, one row after another.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cpu {
namespace {

constexpr float kLeast = -__builtin_inff();

/** Orders as the values do: equal ones, zeros of both signs too, have the same, and 0 is left for what is not to be chosen. */
uint32_t order_key(float value) {
    value = value != value ? kLeast : value + 0.0f;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/** The lowest index of the largest key, which is taken out. */
int64_t take_best(uint32_t* keys, int64_t count) {
    const int64_t best = std::max_element(keys, keys + count) - keys;
    keys[best] = 0;
    return best;
}

/** e^(logit - most); logits that equal an infinite largest one share what there is. */
float power(float logit, float most) { return logit == most ? 1.0f : std::exp(logit - most); }

/** A row's scratch, `count` of each. */
struct Row {
    float* logits;
    float* compared;
    uint32_t* keys;
    uint32_t* groups;
};

/** What s(expert) is made of. */
struct Scores {
    ExpertScoring scoring;
    const float* logits;
    float most = 0, sum = 1;

    Scores(const RouteExperts& a, const float* logits) : scoring(a.scoring), logits(logits) {
        if (scoring != ExpertScoring::kSoftmax) return;
        most = *std::max_element(logits, logits + a.count);
        sum = 0;
        for (int64_t e = 0; e < a.count; e++) sum += power(logits[e], most);
    }

    float operator()(int64_t expert) const {
        switch (scoring) {
            case ExpertScoring::kSoftmax:
                return power(logits[expert], most) / sum;
            case ExpertScoring::kSigmoid:
                return 1.0f / (1.0f + std::exp(-logits[expert]));
            default:
                return logits[expert];
        }
    }
};

/** A group's best, or with a bias its two best together. */
float goodness(const float* compared, int64_t size, bool two) {
    float first = compared[0], second = kLeast;
    for (int64_t i = 1; i < size; i++) {
        second = std::max(second, std::min(first, compared[i]));
        first = std::max(first, compared[i]);
    }
    return two && size > 1 ? first + second : first;
}

/** Takes out the keys of all groups but the best. */
void keep_best_groups(const RouteExperts& a, const Row& row) {
    const int64_t size = a.count / a.groups;
    for (int64_t g = 0; g < a.groups; g++) row.groups[g] = order_key(goodness(row.compared + g * size, size, a.bias));
    for (int64_t i = 0; i < a.top_groups; i++) take_best(row.groups, a.groups);
    for (int64_t g = 0; g < a.groups; g++) {
        if (row.groups[g] != 0) std::fill_n(row.keys + g * size, size, 0u);
    }
}

void weigh(const RouteExperts& a, const Scores& scores, const int32_t* experts, float* weights) {
    for (int64_t j = 0; j < a.chosen; j++) weights[j] = scores(experts[j]);
    float sum = 0;
    if (a.scoring == ExpertScoring::kSoftmaxOfChosen) {
        const float most = *std::max_element(weights, weights + a.chosen);
        for (int64_t j = 0; j < a.chosen; j++) sum += weights[j] = power(weights[j], most);
    } else if (a.renormalize) {
        for (int64_t j = 0; j < a.chosen; j++) sum += weights[j];
    }
    const float factor = sum > 0 ? a.scale / sum : a.scale;
    for (int64_t j = 0; j < a.chosen; j++) weights[j] *= factor;
}

void route(const RouteExperts& a, const Row& row, int32_t* experts, float* weights) {
    for (int64_t e = 0; e < a.count; e++) row.logits[e] = row.logits[e] != row.logits[e] ? kLeast : row.logits[e];
    const Scores scores(a, row.logits);
    // Scores rise with the logits, which do not round to equal ones.
    for (int64_t e = 0; e < a.count; e++) {
        row.compared[e] = a.bias ? scores(e) + a.bias[e] : row.logits[e];
        row.keys[e] = order_key(row.compared[e]);
    }
    if (a.top_groups < a.groups) keep_best_groups(a, row);
    for (int64_t j = 0; j < a.chosen; j++) experts[j] = static_cast<int32_t>(take_best(row.keys, a.count));
    weigh(a, scores, experts, weights);
}

}  // namespace

void route_experts(Context& context, const RouteExperts& a) {
    constexpr int64_t kChunkRows = 8;
    const int64_t row_bytes = a.count * dtype::kSizes[a.dtype];
    const bool parallel = a.tokens * a.count * (a.chosen + 8) >= kMinParallelElements;
    context.pool.run((a.tokens + kChunkRows - 1) / kChunkRows, parallel, [&](int64_t chunk, int thread) {
        float* scratch = context.pool.scratch(thread, 4 * a.count);
        auto* keys = reinterpret_cast<uint32_t*>(scratch + 2 * a.count);
        const Row row = {scratch, scratch + a.count, keys, keys + a.count};
        for (int64_t t = chunk * kChunkRows; t < std::min(a.tokens, (chunk + 1) * kChunkRows); t++) {
            context.kernels.rows.to_float[a.dtype](row.logits, static_cast<const char*>(a.logits) + t * row_bytes, a.count);
            route(a, row, a.experts + t * a.chosen, a.weights + t * a.chosen);
        }
    });
}

}  // namespace octavo::cpu
