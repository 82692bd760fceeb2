// Linear layers: some rows at a time, each time over all columns.
#include <algorithm>

#include "octavo/step_plan.h"
#include "ops/linear_rows.h"

namespace octavo::cpu {
namespace {

const float* as_floats(Context& context, const Linear& arguments, int64_t first, int64_t rows, int64_t k) {
    const int64_t size = dtype::kSizes[arguments.x_dtype];
    const char* x = static_cast<const char*>(arguments.x) + first * arguments.x_stride * size;
    if (arguments.x_dtype == dtype::kFloat32) return reinterpret_cast<const float*>(x);
    const size_t bytes = static_cast<size_t>(rows * k) * sizeof(float);
    if (context.activations.bytes() < bytes) context.activations = Memory::allocate(bytes);
    float* floats = static_cast<float*>(context.activations.data());
    for_rows(context, rows, k, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
            context.kernels.rows.to_float[arguments.x_dtype](floats + row * k, x + row * arguments.x_stride * size, k);
        }
    });
    return floats;
}

}  // namespace

void linear(Context& context, const LinearWeight& weight, const Linear& arguments) {
    const int64_t k = weight.in_features, out_row_bytes = arguments.out_stride * dtype::kSizes[arguments.out_dtype];
    for (int64_t first = 0; first < arguments.rows; first += kRowBlock) {
        LinearRows rows;
        rows.rows = std::min(kRowBlock, arguments.rows - first);
        rows.x = as_floats(context, arguments, first, rows.rows, k);
        rows.x_stride = arguments.x_dtype == dtype::kFloat32 ? arguments.x_stride : k;
        rows.quantized = has_panels(weight) ? quantize(context, rows.x, rows.x_stride, rows.rows, k) : nullptr;
        rows.out = static_cast<char*>(arguments.out) + first * out_row_bytes;
        rows.out_stride = arguments.out_stride;
        rows.out_dtype = arguments.out_dtype;
        rows.out_rows = nullptr;
        const int64_t chunks = linear_chunks(weight, rows.rows, context.pool.threads());
        const bool parallel = rows.rows * out_features(weight) * k >= min_parallel_products(weight);
        context.pool.run(chunks, parallel, [&](int64_t chunk, int thread) { linear_chunk(context, weight, rows, chunk, thread); });
    }
}

}  // namespace octavo::cpu
