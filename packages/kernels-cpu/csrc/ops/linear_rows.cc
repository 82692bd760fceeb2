#include "ops/linear_rows.h"

#include <algorithm>

#include "octavo/step_plan.h"

namespace octavo::cpu {
namespace {

constexpr int64_t kChunkBytes = 64 * 1024;
/** Columns of panels that the kernels for one row walk over at once. */
constexpr int64_t kPanelChunkColumns = 4 * kPanelRows;

/** Columns a chunk: about 64 KiB of weights, a multiple of every tile's width, and several chunks for each thread. */
int64_t chunk_columns(const Context& context, const LinearWeight& weight, const LinearWeight::Part& part, int64_t columns, int64_t rows,
                      const DenseKernel& kernel) {
    const bool dense = part.format == LinearWeight::kDense;
    const int64_t k = weight.in_features;
    const int64_t row_bytes = dense ? k * dtype::kSizes[weight.dtype] : kPanelFormats[part.format].panel_bytes(k) / kPanelRows;
    const int64_t by_bytes = dense && rows > 4 ? 1 : kChunkBytes / std::max<int64_t>(1, row_bytes);
    const int64_t by_share = columns / (4 * context.pool.threads());
    const int64_t width = dense ? kernel.columns : rows == 1 ? kPanelChunkColumns : kPanelRows;
    return std::max<int64_t>(1, std::min(by_bytes, by_share) / width) * width;
}

}  // namespace

int64_t out_features(const LinearWeight& weight) {
    int64_t columns = 0;
    for (const auto& part : weight.parts) columns += part.rows;
    return columns;
}

int64_t min_parallel_products(const LinearWeight& weight) {
    // Products in 8 bits take about a quarter of the time.
    return (has_dense(weight) ? 1 : 4) * kMinParallelProducts;
}

bool has_panels(const LinearWeight& weight) {
    return std::any_of(weight.parts.begin(), weight.parts.end(), [](const auto& part) { return part.format != LinearWeight::kDense; });
}

bool has_dense(const LinearWeight& weight) {
    return std::any_of(weight.parts.begin(), weight.parts.end(), [](const auto& part) { return part.format == LinearWeight::kDense; });
}

bool multiplies_bfloat16(const Context& context, const LinearWeight& weight, int32_t x_dtype) {
    return context.kernels.linear.bfloat16.block && weight.dtype == dtype::kBfloat16 && x_dtype == dtype::kBfloat16;
}

const DenseKernel& dense_kernel(const Context& context, const LinearWeight& weight, int64_t rows, bool bfloat16) {
    const LinearKernels& kernels = context.kernels.linear;
    if (!has_dense(weight)) return kernels.few[weight.dtype];  // which wants nothing laid out
    if (bfloat16) return kernels.bfloat16;
    return rows < kernels.many_rows ? kernels.few[weight.dtype] : kernels.many[weight.dtype];
}

void* at_least(Memory& memory, int64_t bytes) {
    if (memory.bytes() < static_cast<size_t>(bytes)) memory = Memory::allocate(static_cast<size_t>(bytes));
    return memory.data();
}

const uint8_t* quantize(Context& context, Activations floats, int64_t rows, int64_t k) {
    const int64_t row_bytes = activation_row_bytes(k);
    auto* out = static_cast<uint8_t*>(at_least(context.quantized, rows * row_bytes));
    const auto* x = static_cast<const float*>(floats.x);
    for_rows(context, rows, k, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) context.kernels.panels.quantize(out + row * row_bytes, x + row * floats.stride, k);
    });
    return out;
}

void pack_group(const DenseKernel& kernel, char* out, Activations given, int64_t rows, int64_t group, int64_t k) {
    const int64_t row = group * kPackedRows;
    const char* x = static_cast<const char*>(given.x) + row * given.stride * kernel.element_bytes;
    kernel.pack(out + group * packed_bytes(k, kernel.element_bytes), x, given.stride, std::min(kPackedRows, rows - row), k);
}

int64_t linear_chunks(const Context& context, const LinearWeight& weight, int64_t rows, const DenseKernel& kernel) {
    const int64_t columns = out_features(weight);
    int64_t chunks = 0;
    for (const auto& part : weight.parts) {
        const int64_t step = chunk_columns(context, weight, part, columns, rows, kernel);
        chunks += (part.rows + step - 1) / step;
    }
    return chunks;
}

void linear_chunk(Context& context, const LinearWeight& weight, const LinearRows& rows, int64_t chunk, int thread) {
    const int64_t k = weight.in_features, columns = out_features(weight), out_size = dtype::kSizes[rows.out_dtype];
    auto step_of = [&](const LinearWeight::Part& part) {
        return chunk_columns(context, weight, part, columns, rows.rows, *rows.kernel);
    };
    int64_t part_column = 0;
    const LinearWeight::Part* part = weight.parts.data();
    int64_t step = step_of(*part);
    for (int64_t part_chunks; chunk >= (part_chunks = (part->rows + step - 1) / step); step = step_of(*part)) {
        chunk -= part_chunks;
        part_column += part->rows;
        part++;
    }
    const int64_t begin = chunk * step;
    const int64_t wide = std::min(step, part->rows - begin);
    const float* bias = weight.bias ? weight.bias + part_column + begin : nullptr;
    char* out = static_cast<char*>(rows.out) + (part_column + begin) * out_size;
    if (part->format != LinearWeight::kDense) {
        const char* panels = static_cast<const char*>(part->weight) + begin / kPanelRows * kPanelFormats[part->format].panel_bytes(k);
        context.kernels.panels.block[part->format]({rows.quantized, activation_row_bytes(k), rows.rows, panels, wide, k, bias, out,
                                                    rows.out_stride, rows.out_dtype, rows.out_rows});
        return;
    }
    const char* w = static_cast<const char*>(part->weight) + begin * k * dtype::kSizes[weight.dtype];
    rows.kernel->block({rows.dense.x, rows.dense.stride, rows.rows, w, wide, k, bias, out, rows.out_stride, rows.out_dtype, rows.out_rows,
                        context.pool.scratch(thread, linear_panel_floats(k))});
}

}  // namespace octavo::cpu
