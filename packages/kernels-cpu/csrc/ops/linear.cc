// Linear layers: activations as the kernels take them, then the columns in chunks over the threads.
#include <algorithm>

#include "octavo/step_plan.h"
#include "ops/linear_rows.h"

namespace octavo::cpu {
namespace {

Activations as_floats(Context& context, int32_t x_dtype, Activations given, int64_t rows, int64_t k) {
    if (x_dtype == dtype::kFloat32) return given;
    const int64_t row_bytes = given.stride * dtype::kSizes[x_dtype];
    const char* x = static_cast<const char*>(given.x);
    float* floats = static_cast<float*>(at_least(context.activations, rows * k * static_cast<int64_t>(sizeof(float))));
    for_rows(context, rows, k, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) context.kernels.rows.to_float[x_dtype](floats + row * k, x + row * row_bytes, k);
    });
    return {floats, k};
}

/** What the kernel reads. */
Activations packed(Context& context, const DenseKernel& kernel, Activations given, int64_t rows, int64_t k) {
    if (!kernel.pack) return given;
    const int64_t groups = packed_groups(rows);
    char* out = static_cast<char*>(at_least(context.packed, groups * packed_bytes(k, kernel.element_bytes)));
    for_rows(context, groups, kPackedRows * k, [&](int64_t begin, int64_t end) {
        for (int64_t group = begin; group < end; group++) pack_group(kernel, out, given, rows, group, k);
    });
    return {out, 0};
}

}  // namespace

void linear(Context& context, const LinearWeight& weight, const Linear& arguments) {
    const int64_t k = weight.in_features, out_row_bytes = arguments.out_stride * dtype::kSizes[arguments.out_dtype];
    const int64_t x_row_bytes = arguments.x_stride * dtype::kSizes[arguments.x_dtype];
    const bool bfloat16 = multiplies_bfloat16(context, weight, arguments.x_dtype);
    const DenseKernel& kernel = dense_kernel(context, weight, arguments.rows, bfloat16);
    for (int64_t first = 0; first < arguments.rows; first += kernel.rows) {
        const Activations given = {static_cast<const char*>(arguments.x) + first * x_row_bytes, arguments.x_stride};
        LinearRows rows;
        rows.rows = std::min(kernel.rows, arguments.rows - first);
        rows.kernel = &kernel;
        Activations floats = {};
        if (has_panels(weight) || !bfloat16) floats = as_floats(context, arguments.x_dtype, given, rows.rows, k);
        rows.dense = packed(context, kernel, bfloat16 ? given : floats, rows.rows, k);
        rows.quantized = has_panels(weight) ? quantize(context, floats, rows.rows, k) : nullptr;
        rows.out = static_cast<char*>(arguments.out) + first * out_row_bytes;
        rows.out_stride = arguments.out_stride;
        rows.out_dtype = arguments.out_dtype;
        rows.out_rows = nullptr;
        const int64_t chunks = linear_chunks(context, weight, rows.rows, kernel);
        const bool parallel = rows.rows * out_features(weight) * k >= min_parallel_products(weight);
        context.pool.run(chunks, parallel, [&](int64_t chunk, int thread) { linear_chunk(context, weight, rows, chunk, thread); });
    }
}

}  // namespace octavo::cpu
