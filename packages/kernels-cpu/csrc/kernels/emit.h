// Results of a linear layer: one vector of a row's outputs, with its bias, in the wanted dtype.
#pragma once

#include "kernels/vec.h"

namespace {

template <typename T, typename Block>
OCTAVO_INLINE void emit_as(const Block& block, int64_t row, int64_t column, Vec values) {
    const int64_t left = block.columns - column;
    if (left <= 0) return;
    if (block.out_rows) row = block.out_rows[row];
    T* out = static_cast<T*>(block.out) + row * block.out_stride + column;
    const float* bias = block.bias ? block.bias + column : nullptr;
    if (left >= kLanes) return store(out, bias ? values + load(bias) : values);
    store_partial(out, bias ? values + load_partial(bias, left) : values, left);
}

/** Calls `use` with a pointer of the type that a block's outputs have. */
template <typename Block, typename Use>
OCTAVO_INLINE void with_out_type(const Block& block, Use use) {
    switch (block.out_dtype) {
        case 0:
            return use(static_cast<float*>(block.out));
        case 1:
            return use(static_cast<Half*>(block.out));
        default:
            return use(static_cast<Bfloat16*>(block.out));
    }
}

/** Writes columns [column, column + kLanes) of a row as far as the block has them. */
template <typename Block>
OCTAVO_INLINE void emit_lanes(const Block& block, int64_t row, int64_t column, Vec values) {
    with_out_type(block, [&]<typename T>(T*) __attribute__((always_inline)) { emit_as<T>(block, row, column, values); });
}

}  // namespace
