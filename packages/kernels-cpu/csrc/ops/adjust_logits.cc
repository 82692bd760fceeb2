// adjustLogits as ops.ts defines it, one thread a sample. Rows without flags are not looked at; penalties are one pass over a row's
// counts, most of which are zero.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/ops.h"
#include "ops/records.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

float as_float(int32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** A row at one sample. */
struct Sample {
    int64_t row;
    const int32_t* words;  // of its row init
    int64_t position;
    /** What this step has behind the row's first sample and before this one. */
    const int32_t* drafts;
    int64_t draft_count;

    bool has(int32_t flag) const { return (words[row_init::kFlags] & flag) != 0; }
};

Sample sample_at(const BatchView& batch, const int32_t* input_ids, int64_t s) {
    const int32_t* entries = batch.plan + batch.sample_rows;
    const int32_t* afters = batch.plan + batch.sample_tokens;
    const int64_t entry = entries[s];
    int64_t first = s;
    while (first > 0 && entries[first - 1] == entry) first--;
    const int64_t row = batch.plan[batch.row_ids + entry];
    const int64_t offset = afters[s] - batch.plan[batch.query_starts + entry];
    return {row, batch.sampling + row * kRowInitWords, batch.plan[batch.context_lens + entry] + offset + 1, input_ids + afters[first] + 1,
            std::max(0, afters[s] - afters[first])};
}

void check_samples(const BatchView& batch, const RecordTables& tables, int64_t samples) {
    check(samples <= batch.max_samples && tables.vocabulary > 0, ErrorCode::kInternal,
          "adjustLogits: %lld samples of at most %lld, a vocabulary of %lld", static_cast<long long>(samples),
          static_cast<long long>(batch.max_samples), static_cast<long long>(tables.vocabulary));
    for (int64_t s = 0; s < samples; s++) {
        const int64_t entry = batch.plan[batch.sample_rows + s], after = batch.plan[batch.sample_tokens + s];
        const int64_t row = entry >= 0 && entry < batch.max_rows ? batch.plan[batch.row_ids + entry] : -1;
        check(row >= 0 && row < batch.max_rows && after >= 0 && after < batch.max_tokens, ErrorCode::kInternal,
              "adjustLogits: sample %lld names plan entry %lld, row %lld, token %lld", static_cast<long long>(s),
              static_cast<long long>(entry), static_cast<long long>(row), static_cast<long long>(after));
        if (!(batch.sampling[row * kRowInitWords + row_init::kFlags] & row_flags::kEdits)) continue;
        const int32_t* edits = edits_of(tables, row);
        check(edits[0] >= 0 && edits[0] <= kMaxEditWords, ErrorCode::kInternal, "adjustLogits: the edits of row %lld have %d words",
              static_cast<long long>(row), edits[0]);
        for (int64_t at = 0; at < edits[0];) at += read_edit(edits + 1 + at, edits[0] - at, tables.vocabulary).words;
    }
}

bool applies(const Edit& edit, const Sample& sample, const RecordTables& tables) {
    if (sample.position >= edit.until) return false;
    if (edit.before_count == 0) return true;
    if (!sample.has(row_flags::kHistory) || sample.position - edit.before_count < sample.words[row_init::kPromptLength]) return false;
    const int32_t* recent = recent_of(tables, sample.row);
    for (int64_t i = 0; i < edit.before_count; i++) {
        const int64_t back = edit.before_count - i;
        if (sample.position < back) return false;
        const int32_t token =
            back <= sample.draft_count ? sample.drafts[sample.draft_count - back] : recent[(sample.position - back) % kRecentTokens];
        if (token != edit.before[i]) return false;
    }
    return true;
}

void apply_edits(float* logits, const Sample& sample, const RecordTables& tables) {
    const int32_t* words = edits_of(tables, sample.row);
    for (int64_t at = 0; at < words[0];) {
        const Edit edit = read_edit(words + 1 + at, words[0] - at, tables.vocabulary);
        if (applies(edit, sample, tables)) logits[edit.token] += edit.bias;
        at += edit.words;
    }
}

struct Penalties {
    float repetition, frequency, presence;

    float apply(float logit, uint16_t seen) const {
        const int32_t count = seen & kMaxTokenCount;
        logit = logit > 0 ? logit / repetition : logit * repetition;
        logit -= frequency * static_cast<float>(count);
        return count > 0 ? logit - presence : logit;
    }
};

/** @param counts of the row without drafts */
void penalise(float* logits, const uint16_t* counts, int64_t vocabulary, const Penalties& penalties) {
    constexpr int64_t kGroup = 32;
    int64_t i = 0;
    for (; i + kGroup <= vocabulary; i += kGroup) {
        uint16_t any = 0;
        for (int64_t k = 0; k < kGroup; k++) any |= counts[i + k];
        if (any == 0) continue;
        for (int64_t k = i; k < i + kGroup; k++) {
            if (counts[k] != 0) logits[k] = penalties.apply(logits[k], counts[k]);
        }
    }
    for (; i < vocabulary; i++) {
        if (counts[i] != 0) logits[i] = penalties.apply(logits[i], counts[i]);
    }
}

/** How often one of the drafts is among the first `count`. */
int64_t draft_occurrences(const Sample& sample, int32_t token, int64_t count) {
    int64_t found = 0;
    for (int64_t i = 0; i < count; i++) found += sample.drafts[i] == token ? 1 : 0;
    return found;
}

/** Penalties with the drafts counted: their logits are set aside, and penalised with what the drafts add. */
void penalise_with_drafts(float* logits, const Sample& sample, const RecordTables& tables, const Penalties& penalties, float* aside) {
    const uint16_t* counts = counts_of(tables, sample.row);
    const auto is_token = [&](int64_t i) { return sample.drafts[i] >= 0 && sample.drafts[i] < tables.vocabulary; };
    for (int64_t i = 0; i < sample.draft_count; i++) aside[i] = is_token(i) ? logits[sample.drafts[i]] : 0;
    penalise(logits, counts, tables.vocabulary, penalties);
    for (int64_t i = 0; i < sample.draft_count; i++) {
        const int32_t token = sample.drafts[i];
        if (!is_token(i) || draft_occurrences(sample, token, i) > 0) continue;
        const int64_t drafted = draft_occurrences(sample, token, sample.draft_count);
        const int64_t total = (counts[token] & kMaxTokenCount) + drafted;
        const int64_t count = total < kMaxTokenCount ? total : kMaxTokenCount;
        logits[token] = penalties.apply(aside[i], static_cast<uint16_t>((counts[token] & kInPrompt) | count));
    }
}

void apply_mask(float* logits, const int32_t* mask, int64_t vocabulary) {
    for (int64_t first = 0; first < vocabulary; first += 32) {
        const uint32_t bits = static_cast<uint32_t>(mask[first / 32]);
        if (bits == 0xffffffffu) continue;
        const int64_t end = first + 32 < vocabulary ? first + 32 : vocabulary;
        if (bits == 0) {
            std::fill(logits + first, logits + end, -INFINITY);
            continue;
        }
        for (int64_t i = first; i < end; i++) logits[i] = bits >> (i - first) & 1 ? logits[i] : -INFINITY;
    }
}

}  // namespace

void adjust_logits(Context& context, const BatchView& batch, const RecordTables& tables, const int32_t* input_ids, float* logits,
                   int64_t samples) {
    check_samples(batch, tables, samples);
    const int64_t vocabulary = tables.vocabulary;
    context.pool.run(samples, samples * vocabulary >= kMinParallelElements, [&](int64_t s, int thread) {
        const Sample sample = sample_at(batch, input_ids, s);
        float* row = logits + s * vocabulary;
        if (sample.has(row_flags::kEdits)) apply_edits(row, sample, tables);
        if (sample.has(row_flags::kHistory)) {
            const Penalties penalties = {as_float(sample.words[row_init::kRepetitionPenalty]),
                                         as_float(sample.words[row_init::kFrequencyPenalty]),
                                         as_float(sample.words[row_init::kPresencePenalty])};
            penalise_with_drafts(row, sample, tables, penalties, context.pool.scratch(thread, sample.draft_count + 1));
        }
        if (sample.has(row_flags::kAllowed)) apply_mask(row, mask_of(tables, sample.row), vocabulary);
    });
}

}  // namespace octavo::cpu
