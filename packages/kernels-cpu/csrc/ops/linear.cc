// Linear layers: which columns and rows a thread takes. The split never changes a result: see kernels/tile.h.
#include <algorithm>

#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cpu {
namespace {

/** Rows that are worked on while they lie in the cache. */
constexpr int64_t kRowBlock = 128;
constexpr int64_t kChunkBytes = 64 * 1024;

/** Columns a chunk: about 64 KiB of weights, a multiple of every tile's width, and several chunks for each thread. */
int64_t chunk_columns(const LinearWeight& weight, int64_t rows, int threads) {
    const int64_t row_bytes = std::max<int64_t>(1, weight.in_features * dtype::kSizes[weight.dtype]);
    const int64_t by_bytes = rows > 4 ? 1 : kChunkBytes / row_bytes;
    int64_t columns = 0;
    for (const auto& part : weight.parts) columns += part.rows;
    const int64_t by_share = columns / (4 * threads);
    return std::max<int64_t>(1, std::min(by_bytes, by_share) / kPanelColumns) * kPanelColumns;
}

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
    const int64_t k = weight.in_features;
    const int64_t weight_row_bytes = k * dtype::kSizes[weight.dtype], out_size = dtype::kSizes[arguments.out_dtype];
    const auto kernel = context.kernels.linear.block[weight.dtype];
    for (int64_t first = 0; first < arguments.rows; first += kRowBlock) {
        LinearBlock rows;
        rows.rows = std::min(kRowBlock, arguments.rows - first);
        rows.x = as_floats(context, arguments, first, rows.rows, k);
        rows.x_stride = arguments.x_dtype == dtype::kFloat32 ? arguments.x_stride : k;
        rows.k = k;
        rows.out_stride = arguments.out_stride;
        rows.out_dtype = arguments.out_dtype;
        char* out = static_cast<char*>(arguments.out) + first * arguments.out_stride * out_size;

        const int64_t step = chunk_columns(weight, rows.rows, context.pool.threads());
        int64_t chunks = 0, columns = 0;
        for (const auto& part : weight.parts) {
            chunks += (part.rows + step - 1) / step;
            columns += part.rows;
        }
        context.pool.run(chunks, rows.rows * columns * k >= kMinParallelProducts, [&](int64_t chunk, int thread) {
            int64_t part_column = 0;
            const LinearWeight::Part* part = weight.parts.data();
            for (int64_t part_chunks; chunk >= (part_chunks = (part->rows + step - 1) / step); part++) {
                chunk -= part_chunks;
                part_column += part->rows;
            }
            const int64_t begin = chunk * step;
            LinearBlock block = rows;
            block.w = static_cast<const char*>(part->weight) + begin * weight_row_bytes;
            block.columns = std::min(step, part->rows - begin);
            block.bias = weight.bias ? weight.bias + part_column + begin : nullptr;
            block.out = out + (part_column + begin) * out_size;
            block.panel = context.pool.scratch(thread, linear_panel_floats(k));
            kernel(block);
        });
    }
}

}  // namespace octavo::cpu
