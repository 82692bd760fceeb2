// Linear layers. Weights are read once for each band of four rows; where converting takes many instructions, 16-bit columns are
// converted to float32 once for each group of columns if there are more rows. Memory bound up to about 16 rows, bound by FMA above.
#pragma once

#include "kernels/kernels.h"
#include "kernels/tile.h"

namespace {

using octavo::cpu::kPanelColumns;
using octavo::cpu::LinearBlock;

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

template <typename X, typename W>
void multiply(const LinearBlock& block, const W* w, int64_t w_stride, int64_t first, int64_t columns) {
    auto emit = [&](int64_t row, int64_t column, const float* values, int count) {
        switch (block.out_dtype) {
            case 0:
                return emit_results<float>(block, row, first + column, values, count);
            case 1:
                return emit_results<Half>(block, row, first + column, values, count);
            default:
                return emit_results<Bfloat16>(block, row, first + column, values, count);
        }
    };
    dot_products(static_cast<const X*>(block.x), block.x_stride, block.rows, w, w_stride, columns, block.k, emit);
}

/** With AVX2 and later converting costs less than the larger columns do. */
constexpr bool kConvertsColumns = kLanes < 8;

template <typename W>
void linear_block(const LinearBlock& block) {
    const W* w = static_cast<const W*>(block.w);
    if (sizeof(W) == sizeof(float) || block.rows <= kTileRows || !kConvertsColumns) return multiply<float>(block, w, block.k, 0, block.columns);
    for (int64_t first = 0; first < block.columns; first += kPanelColumns) {
        const int64_t left = block.columns - first;
        const int64_t columns = left < kPanelColumns ? left : kPanelColumns;
        for_lanes(columns * block.k, [&](int64_t i, auto load, auto store) { store(block.panel + i, load(w + first * block.k + i)); });
        multiply<float>(block, block.panel, block.k, first, columns);
    }
}

#if defined(__AVX512BF16__)
void bfloat16_block(const LinearBlock& block) { multiply<Bfloat16>(block, static_cast<const Bfloat16*>(block.w), block.k, 0, block.columns); }
#else
constexpr void (*bfloat16_block)(const LinearBlock& block) = nullptr;
#endif

octavo::cpu::LinearKernels linear_kernels() {
    return {{linear_block<float>, linear_block<Half>, linear_block<Bfloat16>}, bfloat16_block, kPanelColumns, nullptr};
}

}  // namespace
