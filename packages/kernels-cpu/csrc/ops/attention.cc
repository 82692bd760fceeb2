// The paged cache: storing keys and values, and attention over them.
#include <cstring>

#include "octavo/step_plan.h"
#include "ops/ops.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

/** Queries that one unit works on: they share each block's keys and values, their state stays in the first-level cache. */
constexpr int64_t kUnitQueries = 16;

int64_t unit_tokens(int64_t group) { return group >= kUnitQueries ? 1 : kUnitQueries / group; }

/** Cuts the batch into spans of at most `step` tokens of one row, checking blocks and counts. @returns query-key pairs */
int64_t collect_spans(Context& context, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments, int64_t step) {
    context.spans.clear();
    int64_t pairs = 0;
    check(arguments.rows <= batch.max_rows, ErrorCode::kInternal, "pagedAttention: %lld rows, the tables have %lld",
          static_cast<long long>(arguments.rows), static_cast<long long>(batch.max_rows));
    for (int64_t i = 0; i < arguments.rows; i++) {
        const int64_t row = batch.plan[batch.row_ids + i];
        const int64_t begin = batch.plan[batch.query_starts + i], end = batch.plan[batch.query_starts + i + 1];
        const int64_t context_len = batch.plan[batch.context_lens + i];
        const int64_t blocks = (context_len + end - begin + cache.block_size - 1) / cache.block_size;
        check(row >= 0 && row < batch.max_rows && begin >= 0 && begin <= end && end <= arguments.tokens && context_len >= 0 &&
                  blocks <= batch.max_blocks,
              ErrorCode::kInternal, "pagedAttention: entry %lld of the plan (row %lld, tokens [%lld, %lld) of %lld, context %lld) is invalid",
              static_cast<long long>(i), static_cast<long long>(row), static_cast<long long>(begin), static_cast<long long>(end),
              static_cast<long long>(arguments.tokens), static_cast<long long>(context_len));
        const int32_t* table = batch.block_tables + row * batch.max_blocks;
        for (int64_t b = 0; b < blocks; b++) {
            check(table[b] >= 0 && table[b] < cache.blocks, ErrorCode::kInternal,
                  "pagedAttention: block %lld of row %lld is %d, the cache has %lld", static_cast<long long>(b),
                  static_cast<long long>(row), table[b], static_cast<long long>(cache.blocks));
        }
        for (int64_t token = begin; token < end; token += step) {
            const int64_t tokens = end - token < step ? end - token : step;
            const int64_t position = context_len + token - begin;
            context.spans.push_back({static_cast<int32_t>(row), static_cast<int32_t>(token), static_cast<int32_t>(tokens),
                                     static_cast<int32_t>(position)});
            pairs += tokens * (position + tokens);
        }
    }
    return pairs;
}

}  // namespace

void write_kv(Context& context, const PagedCache& cache, const void* k, int64_t k_stride, const void* v, int64_t v_stride,
              const int32_t* slots, int64_t tokens) {
    const int64_t size = dtype::kSizes[cache.dtype], head_bytes = cache.head_dim * size;
    const int64_t capacity = cache.blocks * cache.block_size;
    for (int64_t t = 0; t < tokens; t++) {
        check(slots[t] >= 0 && slots[t] < capacity, ErrorCode::kInternal, "writeKv: slot %d of token %lld is outside of the cache's %lld",
              slots[t], static_cast<long long>(t), static_cast<long long>(capacity));
    }
    for_rows(context, tokens, 2 * cache.kv_heads * cache.head_dim, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            const int64_t block = slots[t] / cache.block_size, offset = slots[t] % cache.block_size;
            for (int64_t head = 0; head < cache.kv_heads; head++) {
                const int64_t to = ((block * cache.kv_heads + head) * cache.block_size + offset) * head_bytes;
                const int64_t from = head * head_bytes;
                memcpy(static_cast<char*>(cache.keys) + to, static_cast<const char*>(k) + t * k_stride * size + from,
                       static_cast<size_t>(head_bytes));
                memcpy(static_cast<char*>(cache.values) + to, static_cast<const char*>(v) + t * v_stride * size + from,
                       static_cast<size_t>(head_bytes));
            }
        }
    });
}

void paged_attention(Context& context, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments) {
    const int64_t size = dtype::kSizes[cache.dtype];
    const int64_t group = arguments.heads / cache.kv_heads;
    const int64_t step = unit_tokens(group);
    const int64_t pairs = collect_spans(context, cache, batch, arguments, step);
    const int64_t head_elements = cache.block_size * cache.head_dim;
    const int64_t scratch_floats = attention_scratch_floats(step * group, cache.head_dim, cache.block_size);
    const auto kernel = context.kernels.attention.unit[cache.dtype];
    const int64_t units = static_cast<int64_t>(context.spans.size()) * cache.kv_heads;

    context.pool.run(units, 2 * pairs * arguments.heads * cache.head_dim >= kMinParallelProducts, [&](int64_t index, int thread) {
        // Later tokens of a chunk see more keys: starting with them leaves the small units for the end.
        const int64_t unit_index = units - 1 - index;
        const AttentionSpan& span = context.spans[static_cast<size_t>(unit_index / cache.kv_heads)];
        const int64_t kv_head = unit_index % cache.kv_heads;
        const int64_t head_bytes = kv_head * group * cache.head_dim * size;
        AttentionUnit unit;
        unit.cache.keys = static_cast<const char*>(cache.keys) + kv_head * head_elements * size;
        unit.cache.values = static_cast<const char*>(cache.values) + kv_head * head_elements * size;
        unit.cache.block_stride = cache.kv_heads * head_elements;
        unit.cache.block_size = cache.block_size;
        unit.cache.head_dim = cache.head_dim;
        unit.cache.blocks = batch.block_tables + span.row * batch.max_blocks;
        unit.q = static_cast<const char*>(arguments.q) + span.first_token * arguments.q_stride * size + head_bytes;
        unit.q_stride = arguments.q_stride;
        unit.out = static_cast<char*>(arguments.out) + span.first_token * arguments.out_stride * size + head_bytes;
        unit.out_stride = arguments.out_stride;
        unit.tokens = span.tokens;
        unit.group = group;
        unit.first_position = span.first_position;
        unit.scale = arguments.scale;
        kernel(unit, context.pool.scratch(thread, scratch_floats));
    });
}

}  // namespace octavo::cpu
