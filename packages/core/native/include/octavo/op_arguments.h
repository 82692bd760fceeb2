// What ops with many arguments are given, the same for every backend: raw addresses, strides in elements, dtypes as the codes of
// step_plan.h. What the ops do with them is said in packages/core/src/ops.ts.
#pragma once

#include <cstdint>

#include "octavo/step_plan.h"

namespace octavo {

/** A norm of rows: [tokens, heads, hidden], where whole hidden states are one head. */
struct Norm {
    int32_t dtype;
    void* out;
    int64_t out_stride;
    void* residual;  // [tokens, hidden], what x is added to first, with one head; or null
    const void* x;
    int64_t x_stride;
    const void* weight;
    int64_t weight_stride;  // from one head's weights and biases to the next one's; 0 where all share them
    const void* bias;       // or null
    int64_t tokens, heads, hidden;
    float eps;
    float weight_offset;  // -0 for none: adding it leaves every weight as it is, its sign too
};

/** ACTIVATION_CODES of packages/core/src/native/native-row-ops.ts. */
enum class Activation : int32_t { kSilu, kGelu, kGeluTanh, kRelu, kQuickGelu, kRelu2, kSwigluOai };
inline constexpr int kActivations = 7;
/** The first ones, which need no gate. */
inline constexpr int kAloneActivations = 6;

struct Rope {
    int32_t dtype;
    void* q;
    int64_t q_stride, heads;
    void* k;
    int64_t k_stride, kv_heads;
    int64_t tokens, head_dim;
    const int32_t* positions;
    const float* cos_sin;
    int64_t max_positions, rotary_dim;
};

struct Linear {
    void* out;
    int64_t out_stride;
    int32_t out_dtype;
    const void* x;
    int64_t x_stride;
    int32_t x_dtype;
    int64_t rows;
};

/** A layer's keys [blocks, kv_heads, block_size, head_dim] and values [blocks, kv_heads, block_size, value_dim]. */
struct PagedCache {
    void* keys;
    void* values;  // null where only keys are written
    int32_t dtype;
    int64_t blocks, kv_heads, block_size, head_dim, value_dim;
    int64_t value_stride;  // from one position's value to the next one's: head_dim where values are a part of the keys

    bool is_plain() const { return value_dim == head_dim && value_stride == head_dim; }
};

/** The plan and the tables of a batch; offsets in words as planLayout of core gives them. */
struct BatchView {
    int32_t* plan;
    int64_t plan_words;
    int64_t row_ids, query_starts, context_lens, sample_rows, sample_tokens;
    int64_t max_rows, max_tokens, max_blocks, block_size, max_samples;
    int32_t* block_tables;  // [max_rows, max_blocks], of the group of layers that the op is for
    int32_t* last_tokens;   // [max_rows]
    int32_t* sampling;      // [max_rows, kRowInitWords]
};

/** The tables that records change; see RecordTables in packages/core/src/batch.ts. All null where the vocabulary is 0. */
struct RecordTables {
    int64_t vocabulary;
    int32_t* token_counts;   // [max_rows, count_words()]
    int32_t* recent_tokens;  // [max_rows, kRecentTokens]
    int32_t* token_masks;    // [max_rows, mask_words()]
    int32_t* edits;          // [max_rows, 1 + kMaxEditWords]

    constexpr int64_t count_words() const { return (vocabulary + 1) / 2; }
    constexpr int64_t mask_words() const { return (vocabulary + 31) / 32; }
};

struct BatchOutputs {
    int32_t *input_ids, *positions;
    int32_t* slots;  // [groups, max_tokens]
    int64_t groups;  // of layers, with block tables [groups, max_rows, max_blocks]

    constexpr int64_t write_words() const { return groups == 1 ? kBlockWriteWords : kBlockWriteWords + 1; }
};

/** A window that no sequence leaves. */
inline constexpr int64_t kWholeSequence = int64_t{1} << 30;

/** How a layer attends; AttentionOptions in packages/core/src/ops.ts. */
struct AttentionOptions {
    float scale;
    int64_t window;       // at most kWholeSequence
    float softcap;        // 0: none
    const float* sinks;   // [heads] or null
    const float* slopes;  // [heads] or null

    /** Nothing but a scale. */
    bool is_plain() const { return window == kWholeSequence && softcap == 0 && !sinks && !slopes; }
};

struct PagedAttention {
    void* out;
    int64_t out_stride;
    const void* q;
    int64_t q_stride;
    int64_t heads, tokens, rows;
    AttentionOptions options;
};

struct EncoderAttention {
    int32_t dtype;
    void* out;
    int64_t out_stride;
    const void* q;
    int64_t q_stride;
    const void* k;
    int64_t k_stride;
    const void* v;
    int64_t v_stride;
    int64_t heads, kv_heads, head_dim, tokens, rows;
    AttentionOptions options;
};

/** [samples, columns] each, the picked token first; one rank a sample. */
struct Logprobs {
    int32_t* tokens;
    float* logprobs;
    int32_t* ranks;
    int64_t columns;
    /** The logits themselves instead of their log softmax. */
    bool as_logits;
};

/** From logits of experts to their scores; see routeExperts in packages/core/src/experts.ts. */
enum class ExpertScoring : int32_t { kSoftmax, kSigmoid, kSoftmaxOfChosen };

/** Which experts tokens use, and how much of each. */
struct RouteExperts {
    int32_t* experts;  // [tokens, chosen]
    float* weights;    // [tokens, chosen]
    const void* logits;  // [tokens, count]
    int32_t dtype;     // of the logits
    int64_t tokens, count, chosen;
    ExpertScoring scoring;
    bool renormalize;
    float scale;
    const float* bias;  // [count] or null
    int64_t groups, top_groups;
};

/** Rows by the expert of each; row i takes row i / share of x. */
struct ExpertLinear {
    Linear linear;
    int64_t share;
    const int32_t* experts;  // [linear.rows]; null: row i goes to expert i modulo their count
};

/** out[tokens, hidden] of x[tokens * chosen, hidden]. */
struct CombineExperts {
    int32_t dtype;
    void* out;
    const void* x;
    const float* weights;  // [tokens, chosen]
    int64_t tokens, chosen, hidden;
};

/** Uniform random values; see packages/core/src/random-fill.ts. */
struct RandomFill {
    uint32_t seed;
    float low, span;
};

}  // namespace octavo
