// The paged cache: storing keys and values, and attention over them.
#include <cstring>

#include "ops/attention_units.h"
#include "ops/ops.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

/** Cuts the batch into spans, checking counts and the blocks that are seen. @returns query-key pairs */
int64_t collect_spans(Context& context, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments,
                      const AttentionQueries& queries) {
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
        const int64_t first_seen = context_len > queries.before() ? context_len - queries.before() : 0;
        for (int64_t b = first_seen / cache.block_size; b < blocks; b++) {
            check(table[b] >= 0 && table[b] < cache.blocks, ErrorCode::kInternal,
                  "pagedAttention: block %lld of row %lld is %d, the cache has %lld", static_cast<long long>(b),
                  static_cast<long long>(row), table[b], static_cast<long long>(cache.blocks));
        }
        pairs += add_spans(context, queries, row, begin, end, context_len, context_len + end - begin);
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
    const bool has_values = cache.values && v;
    for_rows(context, tokens, 2 * cache.kv_heads * cache.head_dim, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            const int64_t block = slots[t] / cache.block_size, offset = slots[t] % cache.block_size;
            for (int64_t head = 0; head < cache.kv_heads; head++) {
                const int64_t to = ((block * cache.kv_heads + head) * cache.block_size + offset) * head_bytes;
                const int64_t from = head * head_bytes;
                memcpy(static_cast<char*>(cache.keys) + to, static_cast<const char*>(k) + t * k_stride * size + from,
                       static_cast<size_t>(head_bytes));
                if (!has_values) continue;
                memcpy(static_cast<char*>(cache.values) + to, static_cast<const char*>(v) + t * v_stride * size + from,
                       static_cast<size_t>(head_bytes));
            }
        }
    });
}

void paged_attention(Context& context, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments) {
    const AttentionQueries queries = {cache.dtype,      arguments.out,  arguments.out_stride, arguments.q,      arguments.q_stride,
                                      arguments.heads,  cache.kv_heads, cache.head_dim,       cache.value_dim,  cache.block_size,
                                      arguments.options, true};
    const int64_t pairs = collect_spans(context, cache, batch, arguments, queries);
    const int64_t size = dtype::kSizes[cache.dtype];
    const int64_t head_keys = cache.block_size * cache.head_dim, head_values = cache.block_size * cache.value_stride;
    run_units(context, queries, pairs, [&](const AttentionSpan& span, int64_t kv_head) {
        KeyBlocks sequence;
        sequence.keys = static_cast<const char*>(cache.keys) + kv_head * head_keys * size;
        sequence.values = static_cast<const char*>(cache.values) + kv_head * head_values * size;
        sequence.key_block_stride = cache.kv_heads * head_keys;
        sequence.value_block_stride = cache.kv_heads * head_values;
        sequence.key_stride = cache.head_dim;
        sequence.value_stride = cache.value_stride;
        sequence.block_size = cache.block_size;
        sequence.head_dim = cache.head_dim;
        sequence.value_dim = cache.value_dim;
        sequence.blocks = batch.block_tables + span.row * batch.max_blocks;
        sequence.length = span.length;
        return sequence;
    });
}

}  // namespace octavo::cpu
