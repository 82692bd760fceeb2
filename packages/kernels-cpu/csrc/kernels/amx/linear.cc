// Linear kernels for CPUs with AMX tiles and AVX-512 BF16. Only layers whose weights and x are bfloat16 use tiles, all of them whatever
// the number of rows: a tile's sums have an order of their own, which no other instruction follows.
#include "kernels/linear.h"

#include "kernels/emit.h"
#include "kernels/tables.h"
#include "kernels/transpose.h"

namespace {

using octavo::cpu::kPackedElements;
using octavo::cpu::kPackedRows;

/** Rows of a tile; what it holds is 16 rows of 16 sums, of 16 outputs by 32 elements, or of 16 pairs of elements by 16 rows of x. */
constexpr int kTile = 16;
/** Outputs that are summed at once. */
constexpr int64_t kMostOutputs = 2 * kTile;
constexpr int kLineBytes = 64;

/** Lines of each row that weights are fetched ahead: more rows are read at once than the hardware follows. */
constexpr int64_t kLinesAhead = 4;

/** Groups of rows as tiles of x: for each 32 elements their 16 pairs, and in each the rows side by side. */
void pack_rows(void* out, const void* x, int64_t x_stride, int64_t rows, int64_t k) {
    const auto* from = static_cast<const Bfloat16*>(x);
    auto* to = static_cast<float*>(out);
    const auto present = static_cast<__mmask16>((1u << rows) - 1);
    for (int64_t i = 0; i < k; i += kPackedElements) {
        const int64_t left = k - i;
        const auto elements = static_cast<__mmask32>(left < kPackedElements ? (1u << left) - 1 : ~0u);
        Vec pairs[kTile] = {};
        for (int64_t r = 0; r < rows; r++) pairs[r] = (Vec)_mm512_maskz_loadu_epi16(elements, from + r * x_stride + i);
        if (rows == 1) {
            store(to, pairs[0]);
        } else {
            transpose(pairs);
            for (int p = 0; p < kTile; p++) _mm512_mask_storeu_ps(to + p * rows, present, (__m512)pairs[p]);
        }
        to += kTile * rows;
    }
}

/** Up to two tiles of outputs by up to two groups of rows of x. */
struct TileJob {
    const char* w;
    int64_t w_bytes;  // of a row of weights
    int64_t outputs;
    const char* x[2];
    int64_t rows[2];
    int64_t k;
    bool fetch;  // whether the weights are used for the first time

    bool same_shape(const TileJob& other) const { return outputs == other.outputs && rows[0] == other.rows[0] && rows[1] == other.rows[1]; }
};

constexpr int64_t part_of_tile(int64_t left) { return left < 0 ? 0 : left < kTile ? left : kTile; }

struct alignas(kLineBytes) TileShapes {
    uint8_t palette = 1;
    uint8_t start_row = 0;
    uint8_t reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};

    void set(int tile, int64_t tile_rows, int64_t columns) {
        if (tile_rows == 0 || columns == 0) return;
        rows[tile] = static_cast<uint8_t>(tile_rows);
        row_bytes[tile] = static_cast<uint16_t>(columns * sizeof(float));
    }
};

/** Sums are in tiles 0 to 3, the tiles of one output side by side; weights in 4 and 5, x in 6 and 7. */
void shape_tiles(const TileJob& job) {
    TileShapes shapes;
    const int groups = job.rows[1] > 0 ? 2 : 1;
    for (int i = 0; i < 4; i++) shapes.set(i, part_of_tile(job.outputs - i / groups * kTile), job.rows[i % groups]);
    for (int o = 0; o < 2; o++) shapes.set(4 + o, part_of_tile(job.outputs - o * kTile), kTile);
    for (int g = 0; g < groups; g++) shapes.set(6 + g, kTile, job.rows[g]);
    // The intrinsics do not tell the compiler which memory they read.
    asm volatile("" ::: "memory");
    _tile_loadconfig(&shapes);
}

template <int Outputs, int Groups>
OCTAVO_INLINE void add_products(const char* w, int64_t w_bytes, const char* x0, int64_t x0_bytes, const char* x1, int64_t x1_bytes) {
    _tile_loadd(6, x0, x0_bytes);
    if constexpr (Groups == 2) _tile_loadd(7, x1, x1_bytes);
    _tile_loadd(4, w, w_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (Groups == 2) _tile_dpbf16ps(1, 4, 7);
    if constexpr (Outputs == 2) {
        _tile_loadd(5, w + kTile * w_bytes, w_bytes);
        if constexpr (Groups == 1) _tile_dpbf16ps(1, 5, 6);
        if constexpr (Groups == 2) _tile_dpbf16ps(2, 5, 6);
        if constexpr (Groups == 2) _tile_dpbf16ps(3, 5, 7);
    }
}

template <int Outputs, int Groups>
void sum_products(const TileJob& job, float (*sums)[kTile * kTile]) {
    constexpr int kSums = Outputs * Groups;
    _tile_zero(0);
    if constexpr (kSums >= 2) _tile_zero(1);
    if constexpr (kSums == 4) _tile_zero(2);
    if constexpr (kSums == 4) _tile_zero(3);
    const int64_t x0_bytes = job.rows[0] * 4, x1_bytes = job.rows[1] * 4, whole = job.k / kPackedElements;
    const char *w = job.w, *x0 = job.x[0], *x1 = job.x[1];
    for (int64_t i = 0; i < whole; i++) {
        if (job.fetch) {
            // After the last line of these rows come the first ones of the next.
            const int64_t ahead = i + kLinesAhead < whole ? kLinesAhead : Outputs * kTile * job.w_bytes / kLineBytes + kLinesAhead - whole;
            for (int64_t o = 0; o < Outputs * kTile; o++) __builtin_prefetch(w + o * job.w_bytes + ahead * kLineBytes);
        }
        add_products<Outputs, Groups>(w, job.w_bytes, x0, x0_bytes, x1, x1_bytes);
        w += kLineBytes;
        x0 += kTile * x0_bytes;
        x1 += kTile * x1_bytes;
    }
    const int64_t rest = job.k % kPackedElements;
    if (rest > 0) {
        // Beyond the end of a row there may be a NaN, or no memory.
        alignas(kLineBytes) char tail[Outputs * kTile][kLineBytes] = {};
        for (int64_t o = 0; o < job.outputs; o++) memcpy(tail[o], w + o * job.w_bytes, static_cast<size_t>(2 * rest));
        asm volatile("" ::: "memory");
        add_products<Outputs, Groups>(tail[0], kLineBytes, x0, x0_bytes, x1, x1_bytes);
    }
    const int64_t second_bytes = Groups == 2 ? x1_bytes : x0_bytes;
    _tile_stored(0, sums[0], x0_bytes);
    if constexpr (kSums >= 2) _tile_stored(1, sums[1], second_bytes);
    if constexpr (kSums == 4) _tile_stored(2, sums[2], x0_bytes);
    if constexpr (kSums == 4) _tile_stored(3, sums[3], second_bytes);
}

/** Writes a tile of sums, [outputs][rows] with `rows` floats a line, as [rows][outputs]. */
template <typename T>
void emit_tile(const LinearBlock& block, const float* sums, int64_t row, int64_t rows, int64_t column) {
    if (rows == 1) return emit_as<T>(block, row, column, load(sums));
    Vec v[kTile];
    const auto present = static_cast<__mmask16>((1u << rows) - 1);
    for (int o = 0; o < kTile; o++) v[o] = (Vec)_mm512_maskz_loadu_ps(present, sums + o * rows);
    transpose(v);
    for (int64_t r = 0; r < rows; r++) emit_as<T>(block, row + r, column, v[r]);
}

template <typename T>
void tile_block(const LinearBlock& block) {
    // Lines of outputs that there are none of are never written, and what is read of them is not used.
    alignas(kLineBytes) float sums[4][kTile * kTile];
    TileJob job = {};
    job.w_bytes = 2 * block.k;
    job.k = block.k;
    for (int64_t column = 0; column < block.columns; column += kMostOutputs) {
        const int64_t left = block.columns - column, outputs = left < kMostOutputs ? left : kMostOutputs;
        job.w = static_cast<const char*>(block.w) + column * job.w_bytes;
        for (int64_t row = 0; row < block.rows; row += 2 * kPackedRows) {
            const TileJob last = job;
            job.outputs = outputs;
            for (int g = 0; g < 2; g++) {
                job.rows[g] = part_of_tile(block.rows - row - g * kPackedRows);
                job.x[g] = static_cast<const char*>(block.x) + (row / kPackedRows + g) * octavo::cpu::packed_bytes(block.k, sizeof(Bfloat16));
            }
            job.fetch = row == 0;
            // Shaping tiles takes as long as a dozen products.
            if (!job.same_shape(last)) shape_tiles(job);
            const int groups = job.rows[1] > 0 ? 2 : 1;
            if (outputs > kTile) {
                groups == 2 ? sum_products<2, 2>(job, sums) : sum_products<2, 1>(job, sums);
            } else {
                groups == 2 ? sum_products<1, 2>(job, sums) : sum_products<1, 1>(job, sums);
            }
            for (int i = 0; i / groups * kTile < outputs; i++) {
                const int g = i % groups;
                emit_tile<T>(block, sums[i], row + g * kPackedRows, job.rows[g], column + i / groups * kTile);
            }
        }
    }
    _tile_release();
}

void bfloat16_tiles(const LinearBlock& block) {
    with_out_type(block, [&]<typename T>(T*) { tile_block<T>(block); });
}

}  // namespace

namespace octavo::cpu {
LinearKernels amx_linear() {
    LinearKernels kernels = linear_kernels();
    kernels.bfloat16 = {bfloat16_tiles, kMostOutputs, octavo::cpu::kCachedRows, pack_rows, sizeof(Bfloat16)};
    return kernels;
}
}  // namespace octavo::cpu
