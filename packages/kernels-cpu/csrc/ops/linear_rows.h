// Products of some rows with one layer's weights, in chunks of its columns that any thread may take. The split never changes a
// result: see kernels/tile.h.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace octavo::cpu {

/** Rows of activations in one of the forms that kernels read. */
struct Activations {
    const void* x;
    int64_t stride;
};

/** Activations as the kernels take them, and where their products go. */
struct LinearRows {
    int64_t rows;
    Activations dense;         // what the dense kernel takes
    const DenseKernel* kernel;
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
/** Whether any part is not. */
bool has_dense(const LinearWeight& weight);
/** Whether this CPU multiplies these weights and activations without converting them to float32. */
bool multiplies_bfloat16(const Context& context, const LinearWeight& weight, int32_t x_dtype);
/** The kernel of dense weights for so many rows, which take it as float32 or, with `bfloat16`, as they are. */
const DenseKernel& dense_kernel(const Context& context, const LinearWeight& weight, int64_t rows, bool bfloat16);

/** Memory of at least so many bytes. */
void* at_least(Memory& memory, int64_t bytes);
/** The rows, float32, in 8 bits, one after another, in the context's memory. */
const uint8_t* quantize(Context& context, Activations floats, int64_t rows, int64_t k);
/** Groups of kPackedRows, the last one perhaps with fewer. */
constexpr int64_t packed_groups(int64_t rows) { return (rows + kPackedRows - 1) / kPackedRows; }
/** Lays out group `group` of so many rows at its place behind `out`. */
void pack_group(const DenseKernel& kernel, char* out, Activations given, int64_t rows, int64_t group, int64_t k);

/** Chunks of a layer's columns for so many rows. */
int64_t linear_chunks(const Context& context, const LinearWeight& weight, int64_t rows, const DenseKernel& kernel);
/** Computes one of them. */
void linear_chunk(Context& context, const LinearWeight& weight, const LinearRows& rows, int64_t chunk, int thread);

}  // namespace octavo::cpu
