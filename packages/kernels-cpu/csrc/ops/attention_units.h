// Cutting a batch's attention into units of work, whatever the keys lie in.
#pragma once

#include "octavo/op_arguments.h"
#include "octavo/step_plan.h"
#include "ops/context.h"

namespace octavo::cpu {

/** Queries that one unit works on: they share each block's keys and values, their state stays in the first-level cache. */
inline constexpr int64_t kUnitQueries = 16;

/** The queries of a batch, and how they attend. */
struct AttentionQueries {
    int32_t dtype;
    void* out;
    int64_t out_stride;
    const void* q;
    int64_t q_stride;
    int64_t heads, kv_heads, head_dim, value_dim;
    int64_t key_block;  // positions of a block
    const AttentionOptions& options;
    bool causal;

    int64_t group() const { return heads / kv_heads; }
    int64_t unit_tokens() const { return group() >= kUnitQueries ? 1 : kUnitQueries / group(); }
    /** Units that the heads of one kv head are dealt to. */
    int64_t head_parts() const { return (group() + kUnitQueries - 1) / kUnitQueries; }
    int64_t before() const { return options.window - 1; }
    int64_t after() const { return causal ? 0 : options.window - 1; }
};

/**
 * Adds a sequence's tokens [begin, end), the first of which is at `position`, to the context's spans.
 * @returns at most how many pairs of query and key they have
 */
inline int64_t add_spans(Context& context, const AttentionQueries& queries, int64_t row, int64_t begin, int64_t end, int64_t position,
                         int64_t length) {
    int64_t pairs = 0;
    const int64_t step = queries.unit_tokens();
    for (int64_t token = begin; token < end; token += step) {
        const int64_t tokens = end - token < step ? end - token : step;
        const int64_t first = position + token - begin;
        context.spans.push_back({static_cast<int32_t>(row), static_cast<int32_t>(token), static_cast<int32_t>(tokens),
                                 static_cast<int32_t>(first), static_cast<int32_t>(length)});
        const int64_t from = first > queries.before() ? first - queries.before() : 0;
        const int64_t to = first + tokens + queries.after() < length ? first + tokens + queries.after() : length;
        pairs += tokens * (to - from);
    }
    return pairs;
}

/** Computes the context's spans. `find_keys(span, kv_head)` returns KeyBlocks; `pairs` is the sum of what add_spans returned. */
template <typename FindKeys>
void run_units(Context& context, const AttentionQueries& queries, int64_t pairs, FindKeys find_keys) {
    const int64_t size = dtype::kSizes[queries.dtype], group = queries.group(), kv_heads = queries.kv_heads;
    const int64_t parts = queries.head_parts(), part_heads = (group + parts - 1) / parts;
    const int64_t scratch_floats = attention_scratch_floats(queries.unit_tokens() * part_heads, queries.head_dim, queries.value_dim,
                                                              queries.key_block);
    const auto kernel = context.kernels.attention.unit[queries.dtype];
    const int64_t units = static_cast<int64_t>(context.spans.size()) * kv_heads * parts;
    const AttentionOptions& options = queries.options;
    context.pool.run(units, 2 * pairs * queries.heads * queries.head_dim >= kMinParallelProducts, [&](int64_t index, int thread) {
        // Later tokens of a chunk see more keys: starting with them leaves the small units for the end.
        const int64_t unit_index = units - 1 - index;
        const AttentionSpan& span = context.spans[static_cast<size_t>(unit_index / (kv_heads * parts))];
        const int64_t kv_head = unit_index / parts % kv_heads, skipped = unit_index % parts * part_heads;
        const int64_t first_head = kv_head * group + skipped;
        AttentionUnit unit;
        unit.sequence = find_keys(span, kv_head);
        unit.q = static_cast<const char*>(queries.q) + (span.first_token * queries.q_stride + first_head * queries.head_dim) * size;
        unit.q_stride = queries.q_stride;
        unit.out = static_cast<char*>(queries.out) + (span.first_token * queries.out_stride + first_head * queries.value_dim) * size;
        unit.out_stride = queries.out_stride;
        unit.tokens = span.tokens;
        unit.group = group - skipped < part_heads ? group - skipped : part_heads;
        unit.first_position = span.first_position;
        unit.before = queries.before();
        unit.after = queries.after();
        unit.scale = options.scale;
        unit.softcap = options.softcap;
        unit.sinks = options.sinks ? options.sinks + first_head : nullptr;
        unit.slopes = options.slopes ? options.slopes + first_head : nullptr;
        kernel(unit, context.pool.scratch(thread, scratch_floats));
    });
}

}  // namespace octavo::cpu
