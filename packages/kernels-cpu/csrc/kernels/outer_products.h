// Linear layers of many rows. Outputs lie side by side in vectors here, so that an element of x is multiplied with whole vectors of weights
// and nothing is added across lanes. The bits are those of tile.h: what is lane c of a sum there, the elements c, c + kLanes, ... of a
// dot product, is a chain of its own here, and the chains are added as the same tree. So x and w are laid out by chains.
#pragma once

#include "kernels/emit.h"
#include "kernels/kernels.h"
#include "kernels/transpose.h"

namespace {

using octavo::cpu::kPackedRows;
using octavo::cpu::LinearBlock;

/** Vectors of outputs and rows whose sums are kept in registers: 24 of 32 with AVX-512, 12 of 16 elsewhere. */
constexpr int kOutputVectors = 3;
constexpr int kOutputRows = kLanes == 16 ? 8 : 4;
constexpr int64_t kPanelWidth = kOutputVectors * kLanes;
static_assert(kPanelWidth <= octavo::cpu::kMostPanelColumns && kPackedRows % kLanes == 0 && kPackedRows % kOutputRows == 0);

/** Rows from which on it pays to lay them and the weights out. */
constexpr int64_t kManyRows = 512 / kLanes;
/** Rows that share a panel: laying it out takes as long as some ten rows. */
constexpr int64_t kPackedBlockRows = 512;

constexpr int levels_of(int lanes) { return lanes == 1 ? 0 : 1 + levels_of(lanes / 2); }
/** Of the tree that adds the chains. */
constexpr int kLevels = levels_of(kLanes);

/** When a chain is computed: with the bits of its number reversed, neighbours are what the tree adds first. */
constexpr int place_of_chain(int chain) {
    int place = 0;
    for (int level = 0; level < kLevels; level++) place = place * 2 + (chain >> level & 1);
    return place;
}

constexpr int64_t chain_length(int64_t k) { return (k + kLanes - 1) / kLanes; }

/** Rows of `k` elements as [chains][chain_length(k)][width] floats, zeros where there is no element or no row. */
template <typename T>
void pack_chains(float* out, int64_t width, const T* from, int64_t stride, int64_t rows, int64_t k) {
    const int64_t length = chain_length(k);
    for (int64_t row = 0; row < width; row += kLanes) {
        const int64_t count = rows - row;
        for (int64_t i = 0; i < k; i += kLanes) {
            Vec elements[kLanes] = {};
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; r++) {
                if (r >= count) continue;
                const T* first = from + (row + r) * stride + i;
                elements[r] = k - i >= kLanes ? load(first) : load_partial(first, k - i);
            }
            transpose(elements);
            float* to = out + i / kLanes * width + row;
#pragma GCC unroll 16
            for (int chain = 0; chain < kLanes; chain++) store(to + place_of_chain(chain) * length * width, elements[chain]);
        }
    }
}

/** `Rows` rows, [chains][length][kPackedRows], by one panel of weights, [chains][length][kPanelWidth]. */
template <int Rows>
void multiply_chains(const float* x, const float* w, int64_t length, Vec (*out)[kOutputVectors]) {
    // Sums of 1, 2, 4, ... chains: as a binary number counts up, two of one level become one of the next.
    Vec waiting[kLevels + 1][Rows][kOutputVectors];
    for (int chain = 0; chain < kLanes; chain++) {
        Vec sums[Rows][kOutputVectors] = {};
        for (int64_t i = 0; i < length; i++, x += kPackedRows, w += kPanelWidth) {
            Vec weights[kOutputVectors];
#pragma GCC unroll 3
            for (int v = 0; v < kOutputVectors; v++) weights[v] = load(w + v * kLanes);
#pragma GCC unroll 8
            for (int r = 0; r < Rows; r++) {
                const Vec value = broadcast(x[r]);
#pragma GCC unroll 3
                for (int v = 0; v < kOutputVectors; v++) sums[r][v] = multiply_add(value, weights[v], sums[r][v]);
            }
        }
        int level = 0;
        for (; chain >> level & 1; level++) {
#pragma GCC unroll 8
            for (int r = 0; r < Rows; r++) {
#pragma GCC unroll 3
                for (int v = 0; v < kOutputVectors; v++) sums[r][v] += waiting[level][r][v];
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < Rows; r++) {
#pragma GCC unroll 3
            for (int v = 0; v < kOutputVectors; v++) waiting[level][r][v] = sums[r][v];
        }
    }
    memcpy(out, waiting[kLevels], sizeof waiting[kLevels]);
}

template <int Rows, typename T>
void multiply_rows(const LinearBlock& block, int64_t row, int64_t column) {
    const int64_t length = chain_length(block.k);
    const auto* x = static_cast<const float*>(block.x) + row / kPackedRows * kPackedRows * octavo::cpu::padded_elements(block.k);
    Vec sums[Rows][kOutputVectors];
    multiply_chains<Rows>(x + row % kPackedRows, block.panel, length, sums);
    for (int64_t r = 0; r < Rows && row + r < block.rows; r++) {
        for (int v = 0; v < kOutputVectors; v++) emit_as<T>(block, row + r, column + v * kLanes, sums[r][v]);
    }
}

template <typename W>
void many_rows(const LinearBlock& block) {
    for (int64_t column = 0; column < block.columns; column += kPanelWidth) {
        const W* w = static_cast<const W*>(block.w) + column * block.k;
        pack_chains(block.panel, kPanelWidth, w, block.k, block.columns - column, block.k);
        with_out_type(block, [&]<typename T>(T*) {
            int64_t row = 0;
            for (; block.rows - row > kOutputRows / 2; row += kOutputRows) multiply_rows<kOutputRows, T>(block, row, column);
            if (row < block.rows) multiply_rows<kOutputRows / 2, T>(block, row, column);
        });
    }
}

void pack_rows_by_chains(void* out, const void* x, int64_t x_stride, int64_t rows, int64_t k) {
    pack_chains(static_cast<float*>(out), kPackedRows, static_cast<const float*>(x), x_stride, rows, k);
}

}  // namespace
