// adjustLogits as ops.ts defines it: a few blocks for each sample, each with its own part of the vocabulary. Those of a row without
// flags leave at once. Logits are read only where something changes them.
#pragma once

#include <climits>

#include "kernels/fault.cuh"
#include "kernels/token_counts.cuh"
#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kAdjustThreads = 512;
/** Tokens of one block; whole words of a mask. */
inline constexpr int kAdjustTokens = 8192;
static_assert(kAdjustTokens % 32 == 0);

/** A row at one sample. */
struct AdjustedSample {
    int64_t row;
    const int32_t* words;  // of its row init
    int64_t position;
    /** What this step has behind the row's first sample and before this one. */
    const int32_t* drafts;
    int draft_count;

    __device__ bool has(int32_t flag) const { return (words[row_init::kFlags] & flag) != 0; }
    __device__ float parameter(int word) const { return __int_as_float(words[word]); }
};

/** @returns false, after a report, for a sample that points outside of the tables */
__device__ inline bool find_sample(const BatchView& batch, const int32_t* input_ids, int64_t s, AdjustedSample& sample, Fault* fault) {
    const int32_t *entries = batch.plan + batch.sample_rows, *afters = batch.plan + batch.sample_tokens;
    const int64_t entry = entries[s], after = afters[s];
    sample.row = entry >= 0 && entry < batch.max_rows ? batch.plan[batch.row_ids + entry] : -1;
    if (sample.row < 0 || sample.row >= batch.max_rows || after < 0 || after >= batch.max_tokens) {
        if (threadIdx.x == 0) report(fault, kPlanSample, entry);
        return false;
    }
    sample.words = batch.sampling + sample.row * kRowInitWords;
    if (sample.words[row_init::kFlags] == 0) return true;
    int64_t first = s;
    while (first > 0 && entries[first - 1] == entry) first--;
    const int64_t from = afters[first];
    if (from < 0 || from > after) {
        if (threadIdx.x == 0) report(fault, kPlanSample, entry);
        return false;
    }
    sample.position = batch.plan[batch.context_lens + entry] + after - batch.plan[batch.query_starts + entry] + 1;
    sample.drafts = input_ids + from + 1;
    sample.draft_count = static_cast<int>(after - from);
    return true;
}

/** An edit's words; see RowRecord.edits in packages/core/src/plan/layout.ts. */
struct EditWords {
    const int32_t* words;

    __device__ int size() const { return words[0]; }
    __device__ int token() const { return words[1]; }
    __device__ float bias() const { return __int_as_float(words[2]); }
    __device__ bool applies(const AdjustedSample& sample, const RecordTables& tables) const {
        if (sample.position >= words[3]) return false;
        const int count = words[0] - kEditHeaderWords;
        if (count == 0) return true;
        const int64_t begin = sample.position - count;
        if (!sample.has(row_flags::kHistory) || begin < sample.words[row_init::kPromptLength] || begin < 0) return false;
        const int32_t* recent = tables.recent_tokens + sample.row * kRecentTokens;
        for (int i = 0; i < count; i++) {
            const int back = count - i;
            const int32_t token =
                back <= sample.draft_count ? sample.drafts[sample.draft_count - back] : recent[(begin + i) % kRecentTokens];
            if (token != words[kEditHeaderWords + i]) return false;
        }
        return true;
    }
};

/** Adds the biases for tokens in [begin, end). Called by the whole block; the caller waits for it. */
__device__ inline void apply_edits(float* logits, int begin, int end, const AdjustedSample& sample, const RecordTables& tables, Fault* fault) {
    constexpr int kMostEdits = kMaxEditWords / kEditHeaderWords;
    __shared__ int32_t words[kMaxEditWords];
    __shared__ int edits[kMostEdits];  // where those of the block's tokens begin; -1 for one that does not apply
    __shared__ int edit_count;
    const int thread = static_cast<int>(threadIdx.x);
    const int32_t* table = tables.edits + sample.row * (1 + kMaxEditWords);
    const int total = table[0];
    const bool valid = total >= 0 && total <= kMaxEditWords;
    if (!valid && thread == 0) report(fault, kRowEdit, total);
    for (int i = thread; valid && i < total; i += kAdjustThreads) words[i] = table[1 + i];
    __syncthreads();
    if (thread == 0) {
        edit_count = 0;
        for (int at = 0; valid && at < total;) {
            const int left = total - at, size = left >= kEditHeaderWords ? words[at] : 0;
            const bool fits = size >= kEditHeaderWords && size <= left && size <= kEditHeaderWords + kMaxEditContext;
            if (!fits || words[at + 1] < 0 || words[at + 1] >= tables.vocabulary) {
                report(fault, kRowEdit, size);
                break;
            }
            if (words[at + 1] >= begin && words[at + 1] < end) edits[edit_count++] = at;
            at += size;
        }
    }
    __syncthreads();
    const int count = edit_count;
    for (int i = thread; i < count; i += kAdjustThreads) {
        if (!EditWords{words + edits[i]}.applies(sample, tables)) edits[i] = -1;
    }
    __syncthreads();
    // The first edit of a token adds all of its biases, in their order.
    for (int i = thread; i < count; i += kAdjustThreads) {
        if (edits[i] < 0) continue;
        const int token = EditWords{words + edits[i]}.token();
        const auto is_same = [&](int other) { return edits[other] >= 0 && EditWords{words + edits[other]}.token() == token; };
        bool is_first = true;
        for (int other = 0; other < i && is_first; other++) is_first = !is_same(other);
        if (!is_first) continue;
        float value = logits[token];
        for (int other = i; other < count; other++) {
            if (is_same(other)) value += EditWords{words + edits[other]}.bias();
        }
        logits[token] = value;
    }
}

/** @param seen bit 15: in the prompt; else how often in the output */
__device__ inline float penalised(float logit, const AdjustedSample& sample, uint32_t seen) {
    const uint32_t count = seen & kMaxTokenCount;
    const float repetition = sample.parameter(row_init::kRepetitionPenalty);
    logit = logit > 0 ? logit / repetition : logit * repetition;
    logit -= sample.parameter(row_init::kFrequencyPenalty) * static_cast<float>(count);
    return count > 0 ? logit - sample.parameter(row_init::kPresencePenalty) : logit;
}

__global__ void __launch_bounds__(kAdjustThreads)
    adjust_logits(BatchView batch, RecordTables tables, const int32_t* input_ids, float* all_logits, int parts, Fault* fault) {
    const int64_t s = blockIdx.x / parts;
    const int vocabulary = static_cast<int>(tables.vocabulary);
    const int begin = static_cast<int>(blockIdx.x % parts) * kAdjustTokens;
    const int end = begin + kAdjustTokens < vocabulary ? begin + kAdjustTokens : vocabulary;
    AdjustedSample sample;
    if (!find_sample(batch, input_ids, s, sample, fault) || sample.words[row_init::kFlags] == 0) return;
    float* logits = all_logits + s * vocabulary;
    if (sample.has(row_flags::kEdits)) {
        apply_edits(logits, begin, end, sample, tables, fault);
        __syncthreads();
    }

    const bool masked = sample.has(row_flags::kAllowed), counted = sample.has(row_flags::kHistory);
    const int32_t* mask = tables.token_masks + sample.row * tables.mask_words();
    const uint16_t* counts = counts_of(tables, sample.row);
    for (int token = begin + static_cast<int>(threadIdx.x); token < end; token += kAdjustThreads) {
        if (masked && !(static_cast<uint32_t>(mask[token / 32]) >> (token % 32) & 1)) {
            logits[token] = -INFINITY;
            continue;
        }
        if (!counted) continue;
        const uint32_t known = counts[token];
        uint32_t count = known & kMaxTokenCount;
        for (int i = 0; i < sample.draft_count; i++) count += sample.drafts[i] == token ? 1 : 0;
        if (count > kMaxTokenCount) count = kMaxTokenCount;
        const uint32_t seen = (known & kInPrompt) | count;
        if (seen != 0) logits[token] = penalised(logits[token], sample, seen);
    }
}

}  // namespace octavo::cuda::kernels
