// Linear layers: which columns and rows a thread takes. The split never changes a result: see kernels/tile.h.
#include <algorithm>

#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cpu {
namespace {

/** Rows that are worked on while they lie in the cache. */
constexpr int64_t kRowBlock = 128;
constexpr int64_t kChunkBytes = 64 * 1024;
/** Columns of panels that the kernels for one row walk over at once. */
constexpr int64_t kPanelChunkColumns = 4 * kPanelRows;

struct Columns {
    int64_t total = 0;
    bool dense = false, panels = false;
};

Columns columns_of(const LinearWeight& weight) {
    Columns columns;
    for (const auto& part : weight.parts) {
        columns.total += part.rows;
        (part.format == LinearWeight::kDense ? columns.dense : columns.panels) = true;
    }
    return columns;
}

/** Columns a chunk: about 64 KiB of weights, a multiple of every tile's width, and several chunks for each thread. */
int64_t chunk_columns(const LinearWeight& weight, const LinearWeight::Part& part, int64_t dense_width, int64_t columns, int64_t rows,
                      int threads) {
    const bool dense = part.format == LinearWeight::kDense;
    const int64_t k = weight.in_features;
    const int64_t row_bytes = dense ? k * dtype::kSizes[weight.dtype] : kPanelFormats[part.format].panel_bytes(k) / kPanelRows;
    const int64_t by_bytes = dense && rows > 4 ? 1 : kChunkBytes / std::max<int64_t>(1, row_bytes);
    const int64_t by_share = columns / (4 * threads);
    const int64_t width = dense ? dense_width : rows == 1 ? kPanelChunkColumns : kPanelRows;
    return std::max<int64_t>(1, std::min(by_bytes, by_share) / width) * width;
}

/** Rows of activations as one of the forms that kernels read. */
struct Activations {
    const void* x;
    int64_t stride;
};

void* at_least(Memory& memory, int64_t bytes) {
    if (memory.bytes() < static_cast<size_t>(bytes)) memory = Memory::allocate(static_cast<size_t>(bytes));
    return memory.data();
}

/** The activations in 8 bits, one row after another. */
const uint8_t* quantize(Context& context, Activations floats, int64_t rows, int64_t k) {
    const int64_t row_bytes = activation_row_bytes(k);
    auto* out = static_cast<uint8_t*>(at_least(context.quantized, rows * row_bytes));
    const auto* x = static_cast<const float*>(floats.x);
    for_rows(context, rows, k, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) context.kernels.panels.quantize(out + row * row_bytes, x + row * floats.stride, k);
    });
    return out;
}

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

/** What the kernel for bfloat16 reads. */
Activations packed(Context& context, Activations given, int64_t rows, int64_t k) {
    const auto pack = context.kernels.linear.pack;
    if (!pack) return given;
    const int64_t groups = (rows + kPackedRows - 1) / kPackedRows;
    char* out = static_cast<char*>(at_least(context.packed, groups * packed_bytes(k)));
    for_rows(context, groups, kPackedRows * k, [&](int64_t begin, int64_t end) {
        for (int64_t group = begin; group < end; group++) {
            const int64_t row = group * kPackedRows;
            const auto* x = static_cast<const uint16_t*>(given.x) + row * given.stride;
            pack(out + group * packed_bytes(k), x, given.stride, std::min(kPackedRows, rows - row), k);
        }
    });
    return {out, 0};
}

}  // namespace

void linear(Context& context, const LinearWeight& weight, const Linear& arguments) {
    const int64_t k = weight.in_features;
    const int64_t weight_row_bytes = k * dtype::kSizes[weight.dtype], out_size = dtype::kSizes[arguments.out_dtype];
    const bool bfloat16 = context.kernels.linear.bfloat16 && weight.dtype == dtype::kBfloat16 && arguments.x_dtype == dtype::kBfloat16;
    const auto kernel = bfloat16 ? context.kernels.linear.bfloat16 : context.kernels.linear.block[weight.dtype];
    const int64_t width = bfloat16 ? context.kernels.linear.bfloat16_columns : kPanelColumns;
    const Columns columns = columns_of(weight);
    for (int64_t first = 0; first < arguments.rows; first += kRowBlock) {
        LinearBlock rows;
        rows.rows = std::min(kRowBlock, arguments.rows - first);
        const char* x = static_cast<const char*>(arguments.x) + first * arguments.x_stride * dtype::kSizes[arguments.x_dtype];
        const Activations given = {x, arguments.x_stride};
        Activations floats = {}, operands = {};
        if (columns.panels || !bfloat16) operands = floats = as_floats(context, arguments.x_dtype, given, rows.rows, k);
        if (columns.dense && bfloat16) operands = packed(context, given, rows.rows, k);
        rows.x = operands.x;
        rows.x_stride = operands.stride;
        rows.k = k;
        rows.out_stride = arguments.out_stride;
        rows.out_dtype = arguments.out_dtype;
        char* out = static_cast<char*>(arguments.out) + first * arguments.out_stride * out_size;

        const uint8_t* quantized = columns.panels ? quantize(context, floats, rows.rows, k) : nullptr;
        auto step_of = [&](const LinearWeight::Part& part) {
            return chunk_columns(weight, part, width, columns.total, rows.rows, context.pool.threads());
        };
        int64_t chunks = 0;
        for (const auto& part : weight.parts) {
            const int64_t step = step_of(part);
            chunks += (part.rows + step - 1) / step;
        }
        // Products in 8 bits take about a quarter of the time.
        const int64_t enough = (columns.dense ? 1 : 4) * kMinParallelProducts;
        context.pool.run(chunks, rows.rows * columns.total * k >= enough, [&](int64_t chunk, int thread) {
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
            char* chunk_out = out + (part_column + begin) * out_size;
            if (part->format != LinearWeight::kDense) {
                const char* panels = static_cast<const char*>(part->weight) + begin / kPanelRows * kPanelFormats[part->format].panel_bytes(k);
                context.kernels.panels.block[part->format](
                    {quantized, activation_row_bytes(k), rows.rows, panels, wide, k, bias, chunk_out, rows.out_stride, rows.out_dtype});
                return;
            }
            LinearBlock block = rows;
            block.w = static_cast<const char*>(part->weight) + begin * weight_row_bytes;
            block.columns = wide;
            block.bias = bias;
            block.out = chunk_out;
            block.panel = context.pool.scratch(thread, linear_panel_floats(k));
            kernel(block);
        });
    }
}

}  // namespace octavo::cpu
