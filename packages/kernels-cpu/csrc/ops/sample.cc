// Sampling as ops.ts defines it. logits / temperature and the weights exp(logit - largest) are float32; sums of weights and
// the Gumbel noise are double. A whole vocabulary is never sorted: a histogram of the distance to the largest logit finds
// the few tokens among which top_k and top_p end.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "octavo/step_plan.h"
#include "ops/ops.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

struct Parameters {
    float temperature, top_p, min_p;
    int32_t top_k;
    NoiseKey noise;
};

/** One sample's row after division by the temperature. */
struct Row {
    const float* values;
    const float* weights;  // exp(value - largest); 0 up to the next multiple of kNoiseTokens
    int64_t count;
    float largest;
};

/** What is kept: values above `value`, and those equal to it up to token `last`. */
struct Threshold {
    float value = -INFINITY;
    int64_t last = INT64_MAX;

    bool keeps(float other, int64_t token) const { return other > value || (other == value && token <= last); }
};

struct Token {
    float value;
    float weight;
    int32_t id;
};

int64_t padded_count(int64_t vocabulary) { return (vocabulary + kNoiseTokens - 1) / kNoiseTokens * kNoiseTokens; }

/** Of one row: values and weights, then tokens that are looked at one by one. */
int64_t scratch_floats(int64_t vocabulary) {
    return 2 * padded_count(vocabulary) + vocabulary * static_cast<int64_t>(sizeof(Token) / sizeof(float));
}

bool before(const Token& a, const Token& b) { return a.value > b.value || (a.value == b.value && a.id < b.id); }

constexpr int kBins = 1024;
/** Bins of 1/32, so that the last begins where a weight is 1e-14 of the largest. */
constexpr float kBinsPerUnit = 32.0f;

int bin_of(const Row& row, float value) {
    const float scaled = (row.largest - value) * kBinsPerUnit;
    return scaled < kBins - 1 ? static_cast<int>(scaled) : kBins - 1;
}

/** The kept tokens of one bin, in no order. @param found room for all tokens */
int64_t collect(const Row& row, const Threshold& threshold, int bin, Token* found) {
    int64_t count = 0;
    for (int64_t i = 0; i < row.count; i++) {
        const float value = row.values[i];
        if (value >= threshold.value && bin_of(row, value) == bin && threshold.keeps(value, i)) {
            found[count++] = {value, row.weights[i], static_cast<int32_t>(i)};
        }
    }
    return count;
}

/** Drops everything below the k-th largest value. */
void apply_top_k(const Row& row, int64_t k, Threshold& threshold, Token* room) {
    int64_t counts[kBins] = {}, kept = 0;
    for (int64_t i = 0; i < row.count; i++) {
        if (!threshold.keeps(row.values[i], i)) continue;
        counts[bin_of(row, row.values[i])]++;
        kept++;
    }
    if (kept <= k) return;
    int bin = 0;
    int64_t above = 0;
    while (above + counts[bin] < k) above += counts[bin++];
    const int64_t found = collect(row, threshold, bin, room);
    Token* kth = room + (k - above - 1);
    std::nth_element(room, kth, room + found, before);
    threshold = {kth->value, INT64_MAX};
}

/** Keeps the shortest descending prefix whose share of the kept weight reaches `top_p`. */
void apply_top_p(const Row& row, double top_p, Threshold& threshold, Token* room) {
    double sums[kBins] = {}, total = 0;
    for (int64_t i = 0; i < row.count; i++) {
        if (threshold.keeps(row.values[i], i)) sums[bin_of(row, row.values[i])] += row.weights[i];
    }
    for (double sum : sums) total += sum;
    const double target = top_p * total;
    int bin = 0;
    double reached = 0;
    while (bin < kBins && reached + sums[bin] < target) reached += sums[bin++];
    if (bin == kBins) return;
    const int64_t found = collect(row, threshold, bin, room);
    std::sort(room, room + found, before);
    for (int64_t i = 0; i < found; i++) {
        reached += room[i].weight;
        if (reached < target && i + 1 < found) continue;
        threshold = {room[i].value, room[i].id};
        return;
    }
}

/** The kept token with the largest value + noise; ties go to the lowest id. */
int32_t gumbel_argmax(const SamplingKernels& kernels, const Row& row, const Threshold& threshold, int32_t most_likely, const NoiseKey& key) {
    double best = -INFINITY;
    int32_t winner = most_likely;
    // Noise is at most -log(1 - u), so a token can win only if 1 - u <= exp(value - best): one multiplication decides for
    // nearly all. The margin covers the rounding of the weights. Infinite until one token is drawn.
    float reach = INFINITY;
    uint32_t words[kNoiseTokens];
    auto consider = [&](int64_t token) {
        const double u = ((words[token % kNoiseTokens] >> 9) + 0.5) * 0x1p-23;
        const double score = row.values[token] - std::log(-std::log(u));
        if (score < best || (score == best && token > winner)) return;
        best = score;
        winner = static_cast<int32_t>(token);
        reach = static_cast<float>(std::exp(row.largest - best) * 1.0001);
    };
    const int64_t home = most_likely / kNoiseTokens * kNoiseTokens;
    kernels.draw(words, row.weights + home, reach, home, key);
    consider(most_likely);
    for (int64_t first = 0; first < row.count; first += kNoiseTokens) {
        uint32_t reachable = kernels.draw(words, row.weights + first, reach, first, key);
        for (; reachable != 0; reachable &= reachable - 1) {
            const int64_t token = first + __builtin_ctz(reachable);
            if (threshold.keeps(row.values[token], token)) consider(token);
        }
    }
    return winner;
}

/** What one sample draws from. */
struct Distribution {
    Row row;
    Threshold threshold;
    int32_t most_likely;
};

/**
 * Divides by the temperature and applies the filters.
 * @param greedy the largest logit's token
 * @param scratch scratch_floats(count)
 * @returns nothing where the sample is greedy, or taken as if it were
 */
std::optional<Distribution> filter(const SamplingKernels& kernels, const Parameters& parameters, const float* logits, int64_t count,
                                   int32_t greedy, float* scratch) {
    if (!(parameters.temperature > 0) || !std::isfinite(logits[greedy])) return {};
    const int64_t padded = padded_count(count);
    float* values = scratch;
    float* weights = values + padded;
    Token* room = reinterpret_cast<Token*>(weights + padded);
    kernels.temper(values, logits, count, parameters.temperature);
    // Division can make neighbours equal, so the lowest id of the largest may be another one now.
    const int32_t most_likely = kernels.argmax(values, count);
    const Row row{values, weights, count, values[most_likely]};
    if (std::isinf(row.largest)) return {};
    kernels.weigh(weights, values, count, row.largest);
    std::fill(weights + count, weights + padded, 0.0f);

    Threshold threshold;
    if (parameters.min_p > 0) {
        const double lowest = row.largest + std::log(static_cast<double>(parameters.min_p));
        threshold.value = static_cast<float>(lowest);
        if (threshold.value < lowest) threshold.value = std::nextafterf(threshold.value, INFINITY);
        threshold.value = std::min(threshold.value, row.largest);
    }
    if (parameters.top_k > 0 && parameters.top_k < count) apply_top_k(row, parameters.top_k, threshold, room);
    if (parameters.top_p < 1) apply_top_p(row, parameters.top_p, threshold, room);
    return Distribution{row, threshold, most_likely};
}

float as_float(int32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** One sample's place in the plan. */
struct Place {
    int64_t row;
    Parameters parameters;
    bool is_last;
};

Place place_of(const BatchView& batch, int64_t s) {
    const int64_t entry = batch.plan[batch.sample_rows + s];
    const int64_t row = batch.plan[batch.row_ids + entry];
    const int32_t* words = batch.sampling + row * kRowInitWords;
    const int32_t* starts = batch.plan + batch.query_starts + entry;
    const int32_t after = batch.plan[batch.sample_tokens + s];
    Parameters parameters;
    parameters.temperature = as_float(words[row_init::kTemperature]);
    parameters.top_p = as_float(words[row_init::kTopP]);
    parameters.min_p = as_float(words[row_init::kMinP]);
    parameters.top_k = words[row_init::kTopK];
    parameters.noise.seed_low = static_cast<uint32_t>(words[row_init::kSeedLow]);
    parameters.noise.seed_high = static_cast<uint32_t>(words[row_init::kSeedHigh]);
    parameters.noise.choice = static_cast<uint32_t>(words[row_init::kChoice]);
    parameters.noise.position = static_cast<uint32_t>(batch.plan[batch.context_lens + entry] + after - starts[0] + 1);
    return {row, parameters, after == starts[1] - 1};
}

void check_samples(const char* op, const BatchView& batch, int64_t samples) {
    check(samples <= batch.max_samples, ErrorCode::kInternal, "%s: %lld samples, the plan's layout holds %lld", op,
          static_cast<long long>(samples), static_cast<long long>(batch.max_samples));
    for (int64_t s = 0; s < samples; s++) {
        const int64_t entry = batch.plan[batch.sample_rows + s];
        const int64_t row = entry >= 0 && entry < batch.max_rows ? batch.plan[batch.row_ids + entry] : -1;
        check(row >= 0 && row < batch.max_rows, ErrorCode::kInternal, "%s: sample %lld names plan entry %lld, row %lld", op,
              static_cast<long long>(s), static_cast<long long>(entry), static_cast<long long>(row));
    }
}

}  // namespace

void sample(Context& context, const BatchView& batch, int32_t* tokens, const float* logits, int64_t samples, int64_t vocabulary) {
    check_samples("sample", batch, samples);
    const SamplingKernels& kernels = context.kernels.sampling;
    const int64_t room = scratch_floats(vocabulary);
    context.pool.run(samples, samples * vocabulary >= kMinParallelElements, [&](int64_t s, int thread) {
        const Place place = place_of(batch, s);
        const float* row = logits + s * vocabulary;
        int32_t token = kernels.argmax(row, vocabulary);
        if (!(row[token] > -INFINITY)) {
            token = kNoToken;
        } else if (const auto drawn = filter(kernels, place.parameters, row, vocabulary, token, context.pool.scratch(thread, room))) {
            token = gumbel_argmax(kernels, drawn->row, drawn->threshold, drawn->most_likely, place.parameters.noise);
        }
        tokens[s] = token;
        if (place.is_last) batch.last_tokens[place.row] = token == kNoToken ? 0 : token;
    });
}

void filter_logits(Context& context, const BatchView& batch, float* logits, int64_t samples, int64_t vocabulary) {
    check_samples("filterLogits", batch, samples);
    const SamplingKernels& kernels = context.kernels.sampling;
    const int64_t room = scratch_floats(vocabulary);
    context.pool.run(samples, samples * vocabulary >= kMinParallelElements, [&](int64_t s, int thread) {
        float* row = logits + s * vocabulary;
        const int32_t greedy = kernels.argmax(row, vocabulary);
        const auto kept =
            filter(kernels, place_of(batch, s).parameters, row, vocabulary, greedy, context.pool.scratch(thread, room));
        if (!kept) return;
        for (int64_t i = 0; i < vocabulary; i++) {
            const float value = kept->row.values[i];
            row[i] = kept->threshold.keeps(value, i) ? value : -INFINITY;
        }
    });
}

}  // namespace octavo::cpu
