// Lookups, rotary embedding and conversion of rows.
#include <cstring>

#include "octavo/step_plan.h"
#include "ops/bytes.h"
#include "ops/ops.h"
#include "runtime/error.h"

namespace octavo::cpu {

void embedding(Context& context, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t rows, int64_t row_bytes) {
    for_rows(context, tokens, row_bytes / 2, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            const int64_t id = ids[t];
            if (id >= 0 && id < rows) {
                memcpy(bytes_at(out, t * row_bytes), bytes_at(table, id * row_bytes), static_cast<size_t>(row_bytes));
            } else {
                memset(bytes_at(out, t * row_bytes), 0, static_cast<size_t>(row_bytes));
            }
        }
    });
}

void gather_rows(Context& context, void* out, const void* x, const int32_t* indices, int64_t samples, int64_t rows, int64_t row_bytes) {
    for (int64_t s = 0; s < samples; s++) {
        check(indices[s] >= 0 && indices[s] < rows, ErrorCode::kInternal, "gatherRows: index %d of sample %lld is outside of [0, %lld)",
              indices[s], static_cast<long long>(s), static_cast<long long>(rows));
    }
    for_rows(context, samples, row_bytes / 2, [&](int64_t begin, int64_t end) {
        for (int64_t s = begin; s < end; s++) {
            memcpy(bytes_at(out, s * row_bytes), bytes_at(x, indices[s] * row_bytes), static_cast<size_t>(row_bytes));
        }
    });
}

void add_embedding(Context& context, int32_t dtype, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t hidden,
                   int64_t rows, int64_t offset) {
    const auto add = context.kernels.rows.add[dtype];
    const int64_t row_bytes = hidden * dtype::kSizes[dtype];
    for_rows(context, tokens, hidden, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            const int64_t row = ids[t] + offset;
            if (row >= 0 && row < rows) add(bytes_at(out, t * row_bytes), bytes_at(table, row * row_bytes), hidden);
        }
    });
}

void rope(Context& context, const Rope& arguments) {
    const auto kernel = context.kernels.rows.rope[arguments.dtype];
    const int64_t size = dtype::kSizes[arguments.dtype];
    for (int64_t t = 0; t < arguments.tokens; t++) {
        const int64_t position = arguments.positions[t];
        check(position >= 0 && position < arguments.max_positions, ErrorCode::kInternal,
              "rope: position %lld of token %lld is outside of the table of %lld", static_cast<long long>(position),
              static_cast<long long>(t), static_cast<long long>(arguments.max_positions));
    }
    const int64_t row_elements = (arguments.heads + arguments.kv_heads) * arguments.head_dim;
    for_rows(context, arguments.tokens, row_elements, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            const float* angles = arguments.cos_sin + arguments.positions[t] * arguments.rotary_dim;
            kernel(bytes_at(arguments.q, t * arguments.q_stride * size), arguments.heads, arguments.head_dim, angles, arguments.rotary_dim);
            kernel(bytes_at(arguments.k, t * arguments.k_stride * size), arguments.kv_heads, arguments.head_dim, angles,
                   arguments.rotary_dim);
        }
    });
}

void convert(Context& context, void* out, int32_t out_dtype, const void* in, int32_t in_dtype, int64_t count) {
    constexpr int64_t kPiece = 1024;
    const int64_t out_size = dtype::kSizes[out_dtype], in_size = dtype::kSizes[in_dtype];
    for_rows(context, (count + kPiece - 1) / kPiece, kPiece, [&](int64_t begin, int64_t end) {
        float piece[kPiece];
        for (int64_t i = begin; i < end; i++) {
            const int64_t first = i * kPiece;
            const int64_t elements = count - first < kPiece ? count - first : kPiece;
            context.kernels.rows.to_float[in_dtype](piece, bytes_at(in, first * in_size), elements);
            context.kernels.rows.from_float[out_dtype](bytes_at(out, first * out_size), piece, elements);
        }
    });
}

}  // namespace octavo::cpu
