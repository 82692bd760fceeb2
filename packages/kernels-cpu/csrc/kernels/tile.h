// Dot products of rows with rows: the inner loop of linear layers and of attention scores. Each result is one chain over
// k in order, in lanes that are then added as a fixed tree, so it does not depend on the tile it was computed in.
#pragma once

#include "kernels/transpose.h"

namespace {

constexpr int kTileRows = 4;

/** Columns that a tile of `rows` rows computes at once: enough independent chains to hide the latency of FMA in 16 or 32 registers. */
constexpr int tile_columns(int rows) {
    if (rows == 1) return 8;
    if (kLanes == 16) return rows == 2 ? 8 : 4;
    return rows == 2 ? 4 : 3;
}

/** Sums of the lanes of a tile's vectors: as many as are added at once, or those that are left, one by one. */
template <int Count>
OCTAVO_INLINE void store_sums(float* to, Vec* v) {
    if constexpr (Count >= kLanes) {
        store(to, sums(v));
        if constexpr (Count > kLanes) store_sums<Count - kLanes>(to + kLanes, v + kLanes);
    } else if constexpr (2 * Count >= kLanes) {
        Vec padded[kLanes] = {};
        for (int i = 0; i < Count; i++) padded[i] = v[i];
        store_partial(to, sums(padded), Count);
    } else {
        for (int i = 0; i < Count; i++) to[i] = sum(v[i]);
    }
}

/** How elements of x and w are multiplied: `kStep` of each at once, added to the lanes of a vector. */
template <typename X, typename W>
struct Products {
    static constexpr int kStep = kLanes;
    template <typename T>
    OCTAVO_INLINE static Vec whole(const T* from) {
        return load(from);
    }
    template <typename T>
    OCTAVO_INLINE static Vec partial(const T* from, int64_t count) {
        return load_partial(from, count);
    }
    OCTAVO_INLINE static Vec add(Vec x, Vec w, Vec sums) { return multiply_add(x, w, sums); }
};

#if defined(__AVX512BF16__)
/** Neighbouring elements go to one lane, in pairs. The CPU takes subnormal values for zero here. */
template <>
struct Products<Bfloat16, Bfloat16> {
    static constexpr int kStep = 2 * kLanes;
    OCTAVO_INLINE static __m512i whole(const Bfloat16* from) { return _mm512_loadu_si512(from); }
    OCTAVO_INLINE static __m512i partial(const Bfloat16* from, int64_t count) {
        return _mm512_maskz_loadu_epi16(static_cast<__mmask32>((uint64_t{1} << count) - 1), from);
    }
    OCTAVO_INLINE static Vec add(__m512i x, __m512i w, Vec sums) {
        return (Vec)_mm512_dpbf16_ps((__m512)sums, (__m512bh)x, (__m512bh)w);
    }
};
#endif

template <int Rows, int Columns, typename X, typename W>
OCTAVO_INLINE void dot_tile(const X* x, int64_t x_stride, const W* w, int64_t w_stride, int64_t k, float (*out)[Columns]) {
    using P = Products<X, W>;
    using Operand = decltype(P::whole(w));
    Vec accumulators[Rows][Columns] = {};
    auto step = [&](int64_t i) __attribute__((always_inline)) {
        Operand weights[Columns];
        for (int c = 0; c < Columns; c++) weights[c] = P::whole(w + c * w_stride + i);
        for (int r = 0; r < Rows; r++) {
            Operand value = P::whole(x + r * x_stride + i);
            for (int c = 0; c < Columns; c++) accumulators[r][c] = P::add(value, weights[c], accumulators[r][c]);
        }
    };
    // The hardware does not look ahead across pages, and rows are shorter than a few pages: fetch the next tile's lines.
    constexpr int kLineElements = 64 / sizeof(W);
    int64_t i = 0;
    for (; i + kLineElements <= k; i += kLineElements) {
        for (int c = 0; c < Columns; c++) __builtin_prefetch(w + (c + Columns) * w_stride + i);
        for (int j = 0; j < kLineElements; j += P::kStep) step(i + j);
    }
    for (; i + P::kStep <= k; i += P::kStep) step(i);
    if (i < k) {
        for (int c = 0; c < Columns; c++) {
            Operand weight = P::partial(w + c * w_stride + i, k - i);
            for (int r = 0; r < Rows; r++) {
                accumulators[r][c] = P::add(P::partial(x + r * x_stride + i, k - i), weight, accumulators[r][c]);
            }
        }
    }
    store_sums<Rows * Columns>(out[0], accumulators[0]);
}

/** One band of `Rows` rows of x against all `columns` rows of w; `emit(row, column, values, count)` takes the results. */
template <int Rows, typename X, typename W, typename Emit>
OCTAVO_INLINE void dot_band(const X* x, int64_t x_stride, const W* w, int64_t w_stride, int64_t columns, int64_t k, Emit emit) {
    constexpr int kColumns = tile_columns(Rows);
    float results[Rows][kColumns], last[Rows][1];
    int64_t c = 0;
    for (; c + kColumns <= columns; c += kColumns) {
        dot_tile<Rows, kColumns>(x, x_stride, w + c * w_stride, w_stride, k, results);
        for (int r = 0; r < Rows; r++) emit(r, c, results[r], kColumns);
    }
    for (; c < columns; c++) {
        dot_tile<Rows, 1>(x, x_stride, w + c * w_stride, w_stride, k, last);
        for (int r = 0; r < Rows; r++) emit(r, c, last[r], 1);
    }
}

/** All `rows` x `columns` dot products of length k. */
template <typename X, typename W, typename Emit>
OCTAVO_INLINE void dot_products(const X* x, int64_t x_stride, int64_t rows, const W* w, int64_t w_stride, int64_t columns,
                                int64_t k, Emit emit) {
    for (int64_t row = 0; row < rows; row += kTileRows) {
        const X* band = x + row * x_stride;
        auto shifted = [&](int r, int64_t c, const float* values, int count) { emit(row + r, c, values, count); };
        switch (rows - row) {
            case 1:
                dot_band<1>(band, x_stride, w, w_stride, columns, k, shifted);
                break;
            case 2:
                dot_band<2>(band, x_stride, w, w_stride, columns, k, shifted);
                break;
            case 3:
                dot_band<3>(band, x_stride, w, w_stride, columns, k, shifted);
                break;
            default:
                dot_band<kTileRows>(band, x_stride, w, w_stride, columns, k, shifted);
        }
    }
}

}  // namespace
