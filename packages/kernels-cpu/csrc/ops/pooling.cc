// One vector of a row's tokens.
#include <cstring>

#include "octavo/step_plan.h"
#include "ops/bytes.h"
#include "ops/ops.h"
#include "runtime/error.h"

namespace octavo::cpu {

void mean_rows(Context& context, const BatchView& batch, float* out, int32_t dtype, const void* x, int64_t tokens, int64_t rows,
               int64_t hidden) {
    constexpr int64_t kColumns = 256;
    const int32_t* starts = batch.plan + batch.query_starts;
    for (int64_t row = 0; row < rows; row++) {
        check(starts[row] >= 0 && starts[row] <= starts[row + 1] && starts[row + 1] <= tokens, ErrorCode::kInternal,
              "meanRows: row %lld has tokens %d to %d, there are %lld", static_cast<long long>(row), starts[row], starts[row + 1],
              static_cast<long long>(tokens));
    }
    const auto accumulate = context.kernels.rows.accumulate[dtype];
    const auto scale = context.kernels.rows.scale[dtype::kFloat32];
    const int64_t size = dtype::kSizes[dtype], pieces = (hidden + kColumns - 1) / kColumns;
    // A piece of a row's columns is one thread's: its tokens are added in their order.
    for_rows(context, rows * pieces, tokens * kColumns / (rows > 0 ? rows : 1), [&](int64_t begin, int64_t end) {
        for (int64_t piece = begin; piece < end; piece++) {
            const int64_t row = piece / pieces, column = piece % pieces * kColumns;
            const int64_t count = hidden - column < kColumns ? hidden - column : kColumns;
            float* sums = out + row * hidden + column;
            memset(sums, 0, static_cast<size_t>(count) * sizeof(float));
            for (int64_t t = starts[row]; t < starts[row + 1]; t++) accumulate(sums, bytes_at(x, (t * hidden + column) * size), count);
            if (starts[row + 1] > starts[row]) scale(sums, 1.0f / static_cast<float>(starts[row + 1] - starts[row]), count);
        }
    });
}

}  // namespace octavo::cpu
