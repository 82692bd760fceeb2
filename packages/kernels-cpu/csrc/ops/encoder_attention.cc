// Attention of whole prompts without a cache: the keys and values are those of the step's own tokens.
#include "ops/attention_units.h"
#include "ops/ops.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

/** Tokens whose keys and values are brought into the first-level cache at once. */
constexpr int64_t kKeyBlock = 64;

}  // namespace

void encoder_attention(Context& context, const BatchView& batch, const EncoderAttention& a) {
    const AttentionQueries queries = {a.dtype,    a.out,      a.out_stride, a.q,       a.q_stride, a.heads,
                                      a.kv_heads, a.head_dim, a.head_dim,   kKeyBlock, a.options,  false};
    check(a.rows <= batch.max_rows, ErrorCode::kInternal, "encoderAttention: %lld rows, the tables have %lld",
          static_cast<long long>(a.rows), static_cast<long long>(batch.max_rows));
    context.spans.clear();
    int64_t pairs = 0;
    for (int64_t i = 0; i < a.rows; i++) {
        const int64_t begin = batch.plan[batch.query_starts + i], end = batch.plan[batch.query_starts + i + 1];
        check(begin >= 0 && begin <= end && end <= a.tokens, ErrorCode::kInternal,
              "encoderAttention: entry %lld of the plan (tokens [%lld, %lld) of %lld) is invalid", static_cast<long long>(i),
              static_cast<long long>(begin), static_cast<long long>(end), static_cast<long long>(a.tokens));
        pairs += add_spans(context, queries, i, begin, end, 0, end - begin);
    }
    const int64_t size = dtype::kSizes[a.dtype];
    run_units(context, queries, pairs, [&](const AttentionSpan& span, int64_t kv_head) {
        const int64_t first_token = span.first_token - span.first_position;
        KeyBlocks sequence;
        sequence.keys = static_cast<const char*>(a.k) + (first_token * a.k_stride + kv_head * a.head_dim) * size;
        sequence.values = static_cast<const char*>(a.v) + (first_token * a.v_stride + kv_head * a.head_dim) * size;
        sequence.key_block_stride = kKeyBlock * a.k_stride;
        sequence.key_stride = a.k_stride;
        sequence.value_block_stride = kKeyBlock * a.v_stride;
        sequence.value_stride = a.v_stride;
        sequence.block_size = kKeyBlock;
        sequence.head_dim = sequence.value_dim = a.head_dim;
        sequence.blocks = nullptr;
        sequence.length = span.length;
        return sequence;
    });
}

}  // namespace octavo::cpu
