// Repacks blocks as GGML lays them out into panels: first a row's codes and scales as plain numbers, then their places in the
// panel. Runs once a weight, for any CPU. The layouts of blocks are told in packages/core/src/blocks.
#include <cstring>

#include "kernels/panels.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

/** One file block as numbers: unsigned codes, the float16 bits, and the groups' scales and minimums of the K formats. */
struct Block {
    uint8_t codes[256];
    uint16_t scale, minimum;
    int8_t group_scales[16];
    int8_t group_minimums[16];
};

uint16_t half_bits(const uint8_t* at) { return static_cast<uint16_t>(at[0] | at[1] << 8); }

void nibbles_of_32(uint8_t* codes, const uint8_t* from) {
    for (int i = 0; i < 16; i++) {
        codes[i] = from[i] & 15;
        codes[16 + i] = from[i] >> 4;
    }
}

void read_simple(Block& block, const uint8_t* from, const PanelFormat& format) {
    block.scale = half_bits(from);
    const uint8_t* rest = from + 2;
    if (format.minimum) {
        block.minimum = half_bits(rest);
        rest += 2;
    }
    if (format.bits == 8) {
        for (int i = 0; i < 32; i++) block.codes[i] = rest[i] ^ 0x80;
        return;
    }
    if (format.bits == 4) return nibbles_of_32(block.codes, rest);
    nibbles_of_32(block.codes, rest + 4);
    for (int i = 0; i < 32; i++) block.codes[i] |= static_cast<uint8_t>((rest[i >> 3] >> (i & 7) & 1) << 4);
}

void read_q2_k(Block& block, const uint8_t* from) {
    block.scale = half_bits(from + 80);
    block.minimum = half_bits(from + 82);
    for (int group = 0; group < 16; group++) {
        block.group_scales[group] = from[group] & 15;
        block.group_minimums[group] = static_cast<int8_t>(from[group] >> 4);
    }
    for (int i = 0; i < 256; i++) block.codes[i] = from[16 + (i >> 7) * 32 + (i & 31)] >> (i >> 5 & 3) * 2 & 3;
}

void read_q3_k(Block& block, const uint8_t* from) {
    block.scale = half_bits(from + 108);
    const uint8_t* scales = from + 96;
    for (int group = 0; group < 16; group++) {
        const int low = scales[group & 7] >> (group >> 3) * 4 & 15, high = scales[8 + (group & 3)] >> (group >> 2) * 2 & 3;
        block.group_scales[group] = static_cast<int8_t>((low | high << 4) - 32);
    }
    for (int i = 0; i < 256; i++) {
        const int low = from[32 + (i >> 7) * 32 + (i & 31)] >> (i >> 5 & 3) * 2 & 3;
        block.codes[i] = static_cast<uint8_t>(low | (from[i & 31] >> (i >> 5) & 1) << 2);
    }
}

void read_q4_or_q5_k(Block& block, const uint8_t* from, int bits) {
    block.scale = half_bits(from);
    block.minimum = half_bits(from + 2);
    const uint8_t* scales = from + 4;
    for (int group = 0; group < 8; group++) {
        const uint8_t first = scales[group & 3], second = scales[4 + (group & 3)], third = scales[8 + (group & 3)];
        block.group_scales[group] = static_cast<int8_t>(group < 4 ? first & 63 : (third & 15) | (first >> 2 & 48));
        block.group_minimums[group] = static_cast<int8_t>(group < 4 ? second & 63 : third >> 4 | (second >> 2 & 48));
    }
    const uint8_t* fifth = from + 16;
    const uint8_t* nibbles = bits == 5 ? from + 48 : from + 16;
    for (int i = 0; i < 256; i++) {
        const int group = i >> 5;
        int code = nibbles[(group >> 1) * 32 + (i & 31)] >> (group & 1) * 4 & 15;
        if (bits == 5) code |= (fifth[i & 31] >> group & 1) << 4;
        block.codes[i] = static_cast<uint8_t>(code);
    }
}

void read_q6_k(Block& block, const uint8_t* from) {
    block.scale = half_bits(from + 208);
    memcpy(block.group_scales, from + 192, 16);
    for (int i = 0; i < 256; i++) {
        const int half = i >> 7, quarter = i >> 5 & 3, within = i & 31;
        const int nibble = from[64 * half + 32 * (quarter & 1) + within] >> (quarter >> 1) * 4 & 15;
        block.codes[i] = static_cast<uint8_t>(nibble | (from[128 + 32 * half + within] >> quarter * 2 & 3) << 4);
    }
}

void read_block(Block& block, const uint8_t* from, const PanelFormat& format) {
    if (!format.two_levels()) return read_simple(block, from, format);
    switch (format.bits) {
        case 2:
            return read_q2_k(block, from);
        case 3:
            return read_q3_k(block, from);
        case 6:
            return read_q6_k(block, from);
        default:
            return read_q4_or_q5_k(block, from, format.bits);
    }
}

/** Adds the 32 codes of output `r` to their vectors, which are zero there. */
void place_codes(uint8_t* vectors, const uint8_t* codes, int r, int bits) {
    uint8_t* row = vectors + 4 * r;
    if (bits == 8) {
        for (int q = 0; q < 8; q++) memcpy(row + 64 * q, codes + 4 * q, 4);
        return;
    }
    uint8_t* upper = row;
    int shift = 0;
    if (bits >= 4) {
        for (int v = 0; v < 4; v++) {
            for (int i = 0; i < 4; i++) {
                row[64 * v + i] = static_cast<uint8_t>((codes[4 * v + i] & 15) | (codes[4 * (v + 4) + i] & 15) << 4);
            }
        }
        upper = row + 256;
        shift = 4;
    }
    if (bits == 2 || bits == 3 || bits == 6) {
        for (int e = 0; e < 32; e++) {
            const int quad = e >> 2;
            upper[64 * (quad >> 2) + (e & 3)] |= static_cast<uint8_t>((codes[e] >> shift & 3) << (quad & 3) * 2);
        }
        upper += 128;
        shift += 2;
    }
    if (bits == 3 || bits == 5) {
        for (int e = 0; e < 32; e++) upper[e & 3] |= static_cast<uint8_t>((codes[e] >> shift & 1) << (e >> 2));
    }
}

void place_scales(uint8_t* scales, const Block& block, int r, const PanelFormat& format) {
    memcpy(scales + 2 * r, &block.scale, 2);
    scales += 2 * kPanelRows;
    if (format.minimum) {
        memcpy(scales + 2 * r, &block.minimum, 2);
        scales += 2 * kPanelRows;
    }
    if (!format.two_levels()) return;
    const int groups = format.elements / format.group;
    for (int group = 0; group < groups; group++) {
        scales[group * kPanelRows + r] = static_cast<uint8_t>(block.group_scales[group]);
        if (format.minimum) scales[(groups + group) * kPanelRows + r] = static_cast<uint8_t>(block.group_minimums[group]);
    }
}

}  // namespace

int panel_format_of(int32_t ggml_type) {
    for (int i = 0; i < kPanelFormatCount; i++) {
        if (kPanelFormats[i].ggml_type == ggml_type) return i;
    }
    fail(ErrorCode::kInternal, "there is no block format of number %d", ggml_type);
}

void pack_panel(const PanelFormat& format, void* out, const void* blocks, int64_t panel, int64_t rows, int64_t k) {
    uint8_t* codes = static_cast<uint8_t*>(out) + panel * format.panel_bytes(k);
    uint8_t* scales = codes + format.codes_of_row(k);
    memset(codes, 0, static_cast<size_t>(format.panel_bytes(k)));
    const int64_t blocks_of_row = k / format.elements;
    Block block;
    for (int r = 0; r < kPanelRows && panel * kPanelRows + r < rows; r++) {
        const uint8_t* from = static_cast<const uint8_t*>(blocks) + (panel * kPanelRows + r) * blocks_of_row * format.block_bytes;
        for (int64_t b = 0; b < blocks_of_row; b++) {
            read_block(block, from + b * format.block_bytes, format);
            uint8_t* vectors = codes + b * (format.elements / kBlockElements) * format.code_bytes();
            for (int i = 0; i < format.elements; i += kBlockElements) {
                place_codes(vectors + i / kBlockElements * format.code_bytes(), block.codes + i, r, format.bits);
            }
            place_scales(scales + b * format.scale_bytes(), block, r, format);
        }
    }
}

}  // namespace octavo::cpu
