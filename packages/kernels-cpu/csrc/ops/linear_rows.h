// Products of some rows with one layer's weights, in chunks of its columns that any thread may take. The split never changes a
// result: see kernels/tile.h.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace octavo::cpu {

/** Rows that are worked on while they lie in the cache. */
inline constexpr int64_t kRowBlock = 128;

/** Activations as the kernels take them, and where their products go. */
struct LinearRows {
    int64_t rows;
    const float* x;
    int64_t x_stride;
    const uint8_t* quantized;  // the same in 8 bits; null where no weight is in blocks
    void* out;
    int64_t out_stride;
    int32_t out_dtype;
    const int32_t* out_rows;  // as in LinearBlock
};

/** Columns of all parts. */
int64_t out_features(const LinearWeight& weight);
/** Multiply-adds below which one thread is done sooner than several. */
int64_t min_parallel_products(const LinearWeight& weight);
/** Whether any part is in blocks. */
bool has_panels(const LinearWeight& weight);

/** The rows in 8 bits, one after another, in the context's memory. */
const uint8_t* quantize(Context& context, const float* x, int64_t x_stride, int64_t rows, int64_t k);

/** Chunks of a layer's columns for so many rows. */
int64_t linear_chunks(const LinearWeight& weight, int64_t rows, int threads);
/** Computes one of them. */
void linear_chunk(Context& context, const LinearWeight& weight, const LinearRows& rows, int64_t chunk, int thread);

}  // namespace octavo::cpu
