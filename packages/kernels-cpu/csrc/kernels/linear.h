// Linear layers of few rows: weights are read where they lie, once for each band of four rows. Memory bound.
#pragma once

#include "kernels/kernels.h"
#include "kernels/outer_products.h"
#include "kernels/tile.h"

namespace {

using octavo::cpu::DenseKernel;
using octavo::cpu::kCachedRows;

template <typename T>
OCTAVO_INLINE void emit_results(const LinearBlock& block, int64_t row, int64_t column, const float* values, int count) {
    if (block.out_rows) row = block.out_rows[row];
    T* out = static_cast<T*>(block.out) + row * block.out_stride + column;
    for_lanes(count, [&](int64_t i, auto load, auto store) {
        Vec result = load(values + i);
        if (block.bias) result += load(block.bias + column + i);
        store(out + i, result);
    });
}

/** A multiple of every tile's columns. */
constexpr int64_t kTilesColumns = 24;

template <typename X, typename W>
void few_rows(const LinearBlock& block) {
    auto emit = [&](int64_t row, int64_t column, const float* values, int count) {
        with_out_type(block, [&]<typename T>(T*) __attribute__((always_inline)) { emit_results<T>(block, row, column, values, count); });
    };
    dot_products(static_cast<const X*>(block.x), block.x_stride, block.rows, static_cast<const W*>(block.w), block.k, block.columns, block.k,
                 emit);
}

template <typename X, typename W>
constexpr DenseKernel kFew = {few_rows<X, W>, kTilesColumns, kCachedRows, nullptr, sizeof(X)};
template <typename W>
constexpr DenseKernel kMany = {many_rows<W>, kPanelWidth, kPackedBlockRows, pack_rows_by_chains, sizeof(float)};

octavo::cpu::LinearKernels linear_kernels() {
#if defined(__AVX512BF16__)
    constexpr DenseKernel kBfloat16 = kFew<Bfloat16, Bfloat16>;
#else
    constexpr DenseKernel kBfloat16 = {};
#endif
    return {{kFew<float, float>, kFew<float, Half>, kFew<float, Bfloat16>}, {kMany<float>, kMany<Half>, kMany<Bfloat16>}, kManyRows, kBfloat16};
}

}  // namespace
