// How weights in block formats are kept: panels of 16 outputs, in which every vector of codes holds four neighbouring elements
// of each output, so that a dot product needs no sum across lanes. Repacked once when a layer is prepared; about as many bytes
// as the file has.
//
// A panel is its codes, then its scales. Codes of 32 elements x 16 outputs are `bits` vectors of 64 bytes, byte 4r + i of which
// belongs to output r and element 4q + i of "quad" q (0 to 7). Codes are unsigned, signed ones shifted by `offset`:
//   8 bits: vector q.
//   4 and more: four vectors of nibbles, quad v low and quad v + 4 high in vector v; for the fifth bits one vector with quad q in
//     bit q; for the fifth and sixth two vectors of pairs, quads 0 to 3 in the first, 4 to 7 in the second.
//   2 and 3: two vectors of pairs as above; for the third bits one vector with quad q in bit q.
// Scales of one file block x 16 outputs: float16 scales, float16 minimums where there are any; in the K formats those are of the
// groups' int8 scales, which follow as [group][16], and then the groups' int8 minimums.
#pragma once

#include <cstdint>

namespace octavo::cpu {

inline constexpr int64_t kPanelRows = 16;
/** Elements that share a scale of the activations, and the least that a weight's row can hold. */
inline constexpr int64_t kBlockElements = 32;

struct PanelFormat {
    int ggml_type;
    int elements;     // of a file block: 32, or 256 in the K formats
    int block_bytes;  // of a file block
    int bits;
    int group;     // elements that share a scale: 16 or 32
    bool minimum;  // whether a group has a minimum of its own
    int offset;    // what code 0 stands for is -offset scales

    constexpr bool two_levels() const { return elements == 256; }
    constexpr int64_t code_bytes() const { return 64 * bits; }
    constexpr int64_t scale_bytes() const {
        return (2 + (two_levels() ? elements / group : 0)) * kPanelRows * (minimum ? 2 : 1);
    }
    constexpr int64_t codes_of_row(int64_t k) const { return k / kBlockElements * code_bytes(); }
    /** Bytes of a panel of `k` elements. */
    constexpr int64_t panel_bytes(int64_t k) const { return codes_of_row(k) + k / elements * scale_bytes(); }
};

inline constexpr PanelFormat kPanelFormats[] = {
    {8, 32, 34, 8, 32, false, 128},   // q8_0
    {2, 32, 18, 4, 32, false, 8},     // q4_0
    {3, 32, 20, 4, 32, true, 0},      // q4_1
    {6, 32, 22, 5, 32, false, 16},    // q5_0
    {7, 32, 24, 5, 32, true, 0},      // q5_1
    {10, 256, 84, 2, 16, true, 0},    // q2_k
    {11, 256, 110, 3, 16, false, 4},  // q3_k
    {12, 256, 144, 4, 32, true, 0},   // q4_k
    {13, 256, 176, 5, 32, true, 0},   // q5_k
    {14, 256, 210, 6, 16, false, 32}, // q6_k
};
inline constexpr int kPanelFormatCount = sizeof kPanelFormats / sizeof kPanelFormats[0];

constexpr int64_t panels_of(int64_t rows) { return (rows + kPanelRows - 1) / kPanelRows; }

/** The index of a format in kPanelFormats by GGML's number. @throws INTERNAL */
int panel_format_of(int32_t ggml_type);

/**
 * Packs panel `panel` of `rows` rows of blocks as a file holds them. Rows past the last one become zeros.
 * @param blocks [rows, k / elements] file blocks, at any address
 */
void pack_panel(const PanelFormat& format, void* out, const void* blocks, int64_t panel, int64_t rows, int64_t k);

/** A row of activations in 8 bits: k codes, then for each 32 elements an ActivationScale; rows begin at multiples of 64. */
struct ActivationScale {
    float scale;
    float sum;           // of the 32 values as rounded
    float half_sums[2];  // of the first and the last 16
};
constexpr int64_t activation_row_bytes(int64_t k) {
    return (k + k / kBlockElements * static_cast<int64_t>(sizeof(ActivationScale)) + 63) / 64 * 64;
}

}  // namespace octavo::cpu
