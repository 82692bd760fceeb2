// Linear layers over panels of block formats (see panels.h). A tile is one to eight rows of 8-bit activations by one to four
// vectors of outputs: codes are unpacked once for all its rows, one float32 product follows each group of 16 or 32 exact integer
// products. Every output is one chain over the groups in order, whatever the tile. Memory bound for one row, otherwise bound by
// the integer dot products.
#pragma once

#include "kernels/emit.h"
#include "kernels/kernels.h"
#include "kernels/panels.h"
#include "kernels/quad_dot.h"

namespace {

using octavo::cpu::ActivationScale;
using octavo::cpu::kBlockElements;
using octavo::cpu::kPanelFormats;
using octavo::cpu::kPanelRows;
using octavo::cpu::PanelBlock;
using octavo::cpu::PanelFormat;

/** Rows that share unpacked codes: as many as there are registers for their sums. */
constexpr int kMostTileRows = kLanes >= 8 ? 8 : 4;
/** Vectors of outputs side by side: memory is read faster in several streams than in one. */
constexpr int tile_vectors(int rows) { return rows <= 2 ? 4 : rows == 4 && kLanes == 16 ? 2 : 1; }

template <int Shift>
OCTAVO_INLINE Bytes shifted(Bytes v) {
    if constexpr (Shift >= 0) return (Bytes)((BytePairs)v << Shift);
    return (Bytes)((BytePairs)v >> -Shift);
}

/** The eight quads of 32 elements, for the outputs of one vector. */
template <int Bits>
OCTAVO_INLINE void unpack(const uint8_t* from, Bytes* quads) {
    if constexpr (Bits == 8) {
        for (int q = 0; q < 8; q++) quads[q] = load_bytes(from + 64 * q);
        return;
    }
    constexpr int kBase = Bits >= 4 ? 4 : 0;
    if constexpr (Bits >= 4) {
        for (int v = 0; v < 4; v++) {
            const Bytes both = load_bytes(from + 64 * v);
            quads[v] = both & 15;
            quads[v + 4] = shifted<-4>(both) & 15;
        }
    }
    if constexpr (Bits == 2 || Bits == 3 || Bits == 6) {
        constexpr uint8_t kMask = 3 << kBase;
        for (int half = 0; half < 2; half++) {
            const Bytes pairs = load_bytes(from + 64 * (kBase + half));
            Bytes* four = quads + 4 * half;
            const Bytes upper[4] = {shifted<kBase>(pairs) & kMask, shifted<kBase - 2>(pairs) & kMask, shifted<kBase - 4>(pairs) & kMask,
                                    shifted<kBase - 6>(pairs) & kMask};
            for (int q = 0; q < 4; q++) four[q] = Bits == 6 ? four[q] | upper[q] : upper[q];
        }
    }
    if constexpr (Bits == 3 || Bits == 5) {
        constexpr int kBit = Bits - 1;
        constexpr uint8_t kMask = 1 << kBit;
        const Bytes bits = load_bytes(from + 64 * (Bits - 1));
        quads[0] |= shifted<kBit>(bits) & kMask;
        quads[1] |= shifted<kBit - 1>(bits) & kMask;
        quads[2] |= shifted<kBit - 2>(bits) & kMask;
        quads[3] |= shifted<kBit - 3>(bits) & kMask;
        quads[4] |= shifted<kBit - 4>(bits) & kMask;
        quads[5] |= shifted<kBit - 5>(bits) & kMask;
        quads[6] |= shifted<kBit - 6>(bits) & kMask;
        quads[7] |= shifted<kBit - 7>(bits) & kMask;
    }
}

/** A vector of outputs: where its panel's codes and scales are, and the first of its lanes among the panel's 16. */
struct PanelLanes {
    const uint8_t* codes;
    const uint8_t* scales;
    int64_t lane;
};

/** `Rows` rows by `Vectors` vectors of outputs. */
template <int Format, int Rows, int Vectors>
OCTAVO_INLINE void panel_tile(const PanelLanes* lanes, const uint8_t* x, int64_t x_bytes, int64_t k, Vec (*out)[Vectors]) {
    constexpr PanelFormat kFormat = kPanelFormats[Format];
    constexpr int kGroups = kBlockElements / kFormat.group, kQuads = kFormat.group / 4;
    constexpr int kBlocks = kFormat.elements / kBlockElements;
    constexpr int kOffset = kFormat.bits == 8 ? kByteOffset : kFormat.offset;
    constexpr int kHalves = kFormat.minimum ? 2 : 1;
    const auto* scales_of_x = reinterpret_cast<const ActivationScale*>(x + k);

    Vec sums[Rows][Vectors] = {};
    for (int64_t first = 0, block = 0; first < k; first += kFormat.elements) {
        for (int inner = 0; inner < kBlocks; inner++, block++) {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; v++) {
                Bytes quads[8];
                unpack<kFormat.bits>(lanes[v].codes + block * kFormat.code_bytes() + 4 * lanes[v].lane, quads);
                const int64_t lane = lanes[v].lane;
                const uint8_t* scales = lanes[v].scales + first / kFormat.elements * kFormat.scale_bytes();
                const Vec scale = load(reinterpret_cast<const Half*>(scales) + lane);
                Vec minimum = {};
                if constexpr (kFormat.minimum) minimum = load(reinterpret_cast<const Half*>(scales) + kPanelRows + lane);
#pragma GCC unroll 2
                for (int group = 0; group < kGroups; group++) {
                    Vec group_scale = scale, group_minimum = minimum;
                    if constexpr (kFormat.two_levels()) {
                        constexpr int kAll = kGroups * kBlocks;
                        const uint8_t* of_groups = scales + 2 * kPanelRows * kHalves + (inner * kGroups + group) * kPanelRows + lane;
                        group_scale *= load_int8(of_groups);
                        if constexpr (kFormat.minimum) group_minimum *= -load_int8(of_groups + kAll * kPanelRows);
                    }
                    if constexpr (kOffset != 0) group_minimum = group_scale * static_cast<float>(-kOffset);
#pragma GCC unroll 8
                    for (int r = 0; r < Rows; r++) {
                        const auto* codes_of_x = reinterpret_cast<const int8_t*>(x + r * x_bytes) + block * kBlockElements;
                        const ActivationScale& of_x =
                            *reinterpret_cast<const ActivationScale*>(reinterpret_cast<const uint8_t*>(scales_of_x + block) + r * x_bytes);
                        const Ints products = dot_quads<kFormat.bits, kQuads>(quads + group * kQuads, codes_of_x + group * kFormat.group);
                        const Vec product = __builtin_convertvector(products, Vec) * of_x.scale;
                        sums[r][v] = multiply_add(product, group_scale, sums[r][v]);
                        if constexpr (kFormat.minimum || kOffset != 0) {
                            const float sum_of_x = kGroups == 1 ? of_x.sum : of_x.half_sums[group];
                            sums[r][v] = multiply_add(group_minimum, broadcast(sum_of_x), sums[r][v]);
                        }
                    }
                }
            }
        }
    }
    for (int r = 0; r < Rows; r++) {
        for (int v = 0; v < Vectors; v++) out[r][v] = sums[r][v];
    }
}

template <int Format, int Rows, int Vectors>
void panel_rows(const PanelBlock& block, int64_t row, int64_t column) {
    constexpr PanelFormat kFormat = kPanelFormats[Format];
    PanelLanes lanes[Vectors];
    for (int v = 0; v < Vectors; v++) {
        const int64_t first = column + v * kLanes;
        const uint8_t* panel = static_cast<const uint8_t*>(block.panels) + first / kPanelRows * kFormat.panel_bytes(block.k);
        lanes[v] = {panel, panel + kFormat.codes_of_row(block.k), first % kPanelRows};
    }
    Vec results[Rows][Vectors];
    panel_tile<Format, Rows, Vectors>(lanes, block.x + row * block.x_row_bytes, block.x_row_bytes, block.k, results);
    for (int r = 0; r < Rows; r++) {
        for (int v = 0; v < Vectors; v++) emit_lanes(block, row + r, column + v * kLanes, results[r][v]);
    }
}

/** `count` rows, a multiple of `Rows`, by all columns. */
template <int Format, int Rows>
void panel_band(const PanelBlock& block, int64_t first, int64_t count) {
    constexpr int kVectors = tile_vectors(Rows);
    const int64_t padded = octavo::cpu::panels_of(block.columns) * kPanelRows;
    int64_t column = 0;
    for (; column + kVectors * kLanes <= padded; column += kVectors * kLanes) {
        for (int64_t row = first; row < first + count; row += Rows) panel_rows<Format, Rows, kVectors>(block, row, column);
    }
    for (; column < block.columns; column += kLanes) {
        for (int64_t row = first; row < first + count; row += Rows) panel_rows<Format, Rows, 1>(block, row, column);
    }
}

template <int Format>
void panel_block(const PanelBlock& block) {
    int64_t row = block.rows - block.rows % kMostTileRows;
    if (row > 0) panel_band<Format, kMostTileRows>(block, 0, row);
    if constexpr (kMostTileRows > 4) {
        if (block.rows & 4) {
            panel_band<Format, 4>(block, row, 4);
            row += 4;
        }
    }
    if (block.rows & 2) {
        panel_band<Format, 2>(block, row, 2);
        row += 2;
    }
    if (block.rows & 1) panel_band<Format, 1>(block, row, 1);
}

/** The largest magnitude becomes 127; a block without a finite one gets a scale of NaN, one of (nearly) zeros a scale of 0. */
void quantize_activations(uint8_t* out, const float* x, int64_t k) {
    constexpr float kSmallest = 1e-35f;  // below, 127 / x would not be finite
    constexpr int kHalf = kBlockElements / 2;
    auto* codes = reinterpret_cast<int8_t*>(out);
    auto* scales = reinterpret_cast<ActivationScale*>(out + k);
    for (int64_t i = 0; i < k; i += kBlockElements, scales++) {
        // Among bits of floats without a sign, infinity and NaN are the largest integers.
        int32_t most = 0;
        for (int j = 0; j < kBlockElements; j++) {
            int32_t bits;
            memcpy(&bits, x + i + j, sizeof bits);
            bits &= 0x7fffffff;
            most = bits > most ? bits : most;
        }
        if (most >= 0x7f800000) {
            const float nan = __builtin_nanf("");
            *scales = {nan, nan, {nan, nan}};
            memset(codes + i, 0, kBlockElements);
            continue;
        }
        float largest;
        memcpy(&largest, &most, sizeof largest);
        const bool zeros = largest < kSmallest;
        const float inverse = zeros ? 0.0f : 127.0f / largest, scale = zeros ? 0.0f : largest / 127.0f;
        float sums[2];
        for (int half = 0; half < 2; half++) {
            Vec total = {};
            for (int j = half * kHalf; j < (half + 1) * kHalf; j += kLanes) {
                // Adding 1.5 * 2^23 rounds to an integer, to nearest even.
                const Vec code = (load(x + i + j) * inverse + 0x1.8p23f) - 0x1.8p23f;
                store_int8(codes + i + j, code);
                total += code;
            }
            sums[half] = sum(total);
        }
        *scales = {scale, scale * (sums[0] + sums[1]), {scale * sums[0], scale * sums[1]}};
    }
}

octavo::cpu::PanelKernels panel_kernels() {
    return {quantize_activations,
            {panel_block<0>, panel_block<1>, panel_block<2>, panel_block<3>, panel_block<4>, panel_block<5>, panel_block<6>,
             panel_block<7>, panel_block<8>, panel_block<9>}};
}

}  // namespace
