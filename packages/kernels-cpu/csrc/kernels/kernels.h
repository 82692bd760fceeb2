// The kernels by name: pointers to functions over raw memory, one table for each instruction set. No shapes are checked
// here and nothing is allocated; csrc/ops does both. Arrays of three are indexed by dtype code: float32, float16, bfloat16.
#pragma once

#include <cstdint>

#include "kernels/panels.h"
#include "octavo/op_arguments.h"

namespace octavo::cpu {

/** out[r][c] = dot(x[r], w[c]) + bias[c] for a block of rows and columns; sums and bias in float32. */
struct LinearBlock {
    const void* x;  // [rows, k], or what `pack` of the kernels made
    int64_t x_stride;
    int64_t rows;
    const void* w;  // [columns, k], of the kernel's dtype
    int64_t columns;
    int64_t k;
    const float* bias;  // [columns] or null
    void* out;          // [rows, columns], of out_dtype
    int64_t out_stride;
    int32_t out_dtype;
    const int32_t* out_rows;  // [rows], which row of out each becomes; null: the same
    float* panel;             // scratch of linear_panel_floats(k)
};

/** Rows of x that are laid out together, and the elements that their length is rounded up to. */
inline constexpr int64_t kPackedRows = 16;
inline constexpr int64_t kPackedElements = 32;
constexpr int64_t padded_elements(int64_t k) { return (k + kPackedElements - 1) / kPackedElements * kPackedElements; }
constexpr int64_t packed_bytes(int64_t k, int64_t element_bytes) { return padded_elements(k) * kPackedRows * element_bytes; }

/** Scratch floats of a dense kernel, on any instruction set: the columns that it keeps while it walks over the rows. */
inline constexpr int64_t kMostPanelColumns = 48;
constexpr int64_t linear_panel_floats(int64_t k) { return kMostPanelColumns * padded_elements(k); }

/** Rows of activations that stay in the second-level cache beside what they are multiplied with. */
inline constexpr int64_t kCachedRows = 128;

/** out[r][c] = dot(x[r], w[c]) + bias[c] for weights in panels (see panels.h) and activations in 8 bits. */
struct PanelBlock {
    const uint8_t* x;  // `rows` rows that `quantize` made
    int64_t x_row_bytes;
    int64_t rows;
    const void* panels;  // panels_of(columns) of them
    int64_t columns;
    int64_t k;
    const float* bias;  // [columns] or null
    void* out;          // [rows, columns], of out_dtype
    int64_t out_stride;
    int32_t out_dtype;
    const int32_t* out_rows;  // as in LinearBlock
};

/**
 * The keys and values of a sequence as one kv head of one layer sees them, in blocks of rows: row r of block b lies at
 * keys + blocks[b] * key_block_stride + r * key_stride elements.
 */
struct KeyBlocks {
    const void* keys;
    const void* values;
    int64_t key_block_stride, key_stride;
    int64_t value_block_stride, value_stride;
    int64_t block_size;
    int64_t head_dim, value_dim;
    const int32_t* blocks;  // the sequence's block ids; null: 0, 1, 2, ...
    int64_t length;         // positions that there are
};

/** Consecutive tokens of one sequence, with the query heads that share one kv head. */
struct AttentionUnit {
    KeyBlocks sequence;
    const void* q;  // [tokens, group, head_dim], strided over tokens
    int64_t q_stride;
    void* out;  // [tokens, group, value_dim], strided over tokens
    int64_t out_stride;
    int64_t tokens;
    int64_t group;
    /** The token at position p attends to [p - before, p + after], as far as there are positions. */
    int64_t first_position, before, after;
    float scale;
    float softcap;        // 0: none
    const float* sinks;   // [group] or null
    const float* slopes;  // [group] or null
};

/** Scratch floats of one attention unit, on any instruction set: rows are padded to whole vectors of at most 16 lanes. */
constexpr int64_t attention_scratch_floats(int64_t queries, int64_t head_dim, int64_t value_dim, int64_t block_size) {
    constexpr int64_t kMostLanes = 16;
    const int64_t width = (head_dim + kMostLanes - 1) / kMostLanes * kMostLanes;
    const int64_t value_width = (value_dim + kMostLanes - 1) / kMostLanes * kMostLanes;
    const int64_t keys = (block_size + kMostLanes - 1) / kMostLanes * kMostLanes;
    return queries * (width + value_width + keys + 2 * kMostLanes) + block_size * (width + value_width);
}

/** A way to multiply with dense weights. */
struct DenseKernel {
    void (*block)(const LinearBlock& block);
    /** What the columns of its blocks should be a multiple of. */
    int64_t columns;
    /** The most rows that a block should have. */
    int64_t rows;
    /** Lays up to kPackedRows rows of x out for `block`, which then takes groups of packed_bytes as x. Null: rows stay as they are. */
    void (*pack)(void* out, const void* x, int64_t x_stride, int64_t rows, int64_t k);
    /** Of x. */
    int64_t element_bytes;
};

struct LinearKernels {
    /** By the weight's dtype, for x in float32. `many` is faster from `many_rows` rows on; both give the same bits. */
    DenseKernel few[3], many[3];
    int64_t many_rows;
    /** Where weights and x are bfloat16, for any number of rows. No block: x is converted to float32. */
    DenseKernel bfloat16;
};

struct PanelKernels {
    /** Writes activation_row_bytes(k). */
    void (*quantize)(uint8_t* out, const float* x, int64_t k);
    void (*block[kPanelFormatCount])(const PanelBlock& block);  // by the index in kPanelFormats
};

struct ExpertKernels {
    /** out = the sum of `count` rows of x, each times its weight, in order. */
    void (*combine[3])(void* out, const void* x, const float* weights, int64_t count, int64_t hidden);
};

struct AttentionKernels {
    void (*unit[3])(const AttentionUnit& unit, float* scratch);
};

/** What a norm's row is multiplied with, and what is added. */
struct NormParameters {
    const void* weight;  // [hidden], each plus weight_offset
    const void* bias;    // [hidden] or null
    float weight_offset;
    float eps;
};

struct RowKernels {
    void (*rms_norm[3])(void* out, const void* x, const NormParameters& parameters, int64_t hidden);
    void (*layer_norm[3])(void* out, const void* x, const NormParameters& parameters, int64_t hidden);
    void (*add[3])(void* out, const void* x, int64_t count);
    void (*accumulate[3])(float* sums, const void* x, int64_t count);
    void (*scale[3])(void* x, float factor, int64_t count);
    void (*clamp[3])(void* x, float limit, int64_t count);
    void (*rope[3])(void* heads, int64_t count, int64_t head_dim, const float* cos_sin, int64_t rotary_dim);
    void (*to_float[3])(float* out, const void* in, int64_t count);
    void (*from_float[3])(void* out, const float* in, int64_t count);
};

struct ActivationKernels {
    void (*alone[kAloneActivations][3])(void* out, const void* x, int64_t count);
    void (*gated[kActivations][3])(void* out, const void* gate, const void* up, int64_t count);
    void (*softcap)(float* x, float cap, int64_t count);
    /** z > 0 ? positive * z^2 + z / 2 : negative * (e^z - 1 - z) + z / 2, in place. */
    void (*xielu[3])(void* x, float positive, float negative, int64_t count);
};

/** What a sample's random words depend on beside the token; see philox.ts of core. */
struct NoiseKey {
    uint32_t position, choice, seed_low, seed_high;
};

/** Tokens whose noise is drawn at once. */
inline constexpr int64_t kNoiseTokens = 32;

struct SamplingKernels {
    /** The lowest index of the largest value; NaN counts as -infinity; 0 when nothing is larger than that. */
    int32_t (*argmax)(const float* values, int64_t count);
    /** out = values / temperature, NaN becomes -infinity. */
    void (*temper)(float* out, const float* values, int64_t count, float temperature);
    /** weights = exp(values - largest). */
    void (*weigh)(float* weights, const float* values, int64_t count, float largest);
    /**
     * Draws the random words of kNoiseTokens tokens from `first` on, a multiple of that. Bit i of the result: 1 - u of
     * token first + i is at most weights[i] * reach. The words are written only when some bit could be set.
     */
    uint32_t (*draw)(uint32_t* words, const float* weights, float reach, int64_t first, const NoiseKey& key);
};

struct Kernels {
    const char* isa;
    LinearKernels linear;
    PanelKernels panels;
    ExpertKernels experts;
    AttentionKernels attention;
    RowKernels rows;
    ActivationKernels activations;
    SamplingKernels sampling;
};

/** The kernels of an instruction set, "" for the best one that this CPU has. @throws INVALID_ARGUMENT */
const Kernels& select_kernels(const char* isa);

}  // namespace octavo::cpu
