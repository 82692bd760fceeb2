// Linear layers of experts, as kernels/linear.cuh has them for one layer: a few rows, 16-bit rows on the tensor cores, any rows. A
// row's sums have an order of their own whatever rows share its tile; the first way's order is another than that of the other two.
#pragma once

#include "kernels/element.cuh"
#include "kernels/expert_groups.cuh"
#include "kernels/mma.cuh"

namespace octavo::cuda::kernels {

inline constexpr int kExpertFewThreads = 128;
inline constexpr int kExpertFewOutputs = 2;  // a warp

/**
 * A few rows, without grouping them first: the blocks of the first of each kRows rows of an expert compute them all, the others end
 * at once. A warp computes two output columns, so the weights of the experts that are picked are read once. Limit: memory bandwidth.
 * Rows of both operands must be multiples of 16 bytes.
 */
template <typename T, int kRows>
__global__ void __launch_bounds__(kExpertFewThreads) expert_few_rows(ExpertCall a, Fault* fault) {
    constexpr int kPack = Pack<T>::kSize, kWarps = kExpertFewThreads / kWarp;
    __shared__ int shared_rows[kWarps][kRows];
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const int first = (static_cast<int>(blockIdx.x) * kWarps + warp) * kExpertFewOutputs;
    if (first >= a.outputs) return;
    const int second = first + 1 < a.outputs ? first + 1 : first;
    const int leader = static_cast<int>(blockIdx.y), expert = a.expert_of(leader);
    if (expert < 0 || expert >= a.count) {
        if (lane == 0) report(fault, kExpert, expert);
        return;
    }
    int before = 0, found = 0;
    for (int i = 0; i < a.rows; i += kWarp) {
        const int row = i + lane;
        const bool same = row < a.rows && a.expert_of(row) == expert;
        before += __popc(__ballot_sync(kAllLanes, same && row < leader));
        const unsigned from_here = __ballot_sync(kAllLanes, same && row >= leader);
        const int index = found + __popc(from_here & ((1u << lane) - 1));
        if (same && row >= leader && index < kRows) shared_rows[warp][index] = row;
        found += __popc(from_here);
    }
    if (before % kRows != 0) return;
    __syncwarp();
    const int rows = min(found, kRows);
    int out_rows[kRows];
    const T* x_rows[kRows];
#pragma unroll
    for (int r = 0; r < kRows; r++) {
        out_rows[r] = shared_rows[warp][r < rows ? r : 0];
        x_rows[r] = static_cast<const T*>(a.x) + out_rows[r] / a.share * a.x_stride;
    }
    const ExpertEntry entry = a.table[expert];
    const T* weight0 = static_cast<const T*>(entry.weight) + static_cast<int64_t>(first) * a.inputs;
    const T* weight1 = static_cast<const T*>(entry.weight) + static_cast<int64_t>(second) * a.inputs;
    float sums[kRows][2] = {};
#pragma unroll(kRows == 1 ? 4 : 2)
    for (int k = lane * kPack; k < a.inputs; k += kWarp * kPack) {
        const Pack<T> w0 = load_pack(weight0 + k), w1 = load_pack(weight1 + k);
#pragma unroll
        for (int r = 0; r < kRows; r++) {
            if (r >= rows) break;
            const Pack<T> input = load_pack(x_rows[r] + k);
#pragma unroll
            for (int i = 0; i < kPack; i++) {
                const float value = to_float(input.values[i]);
                sums[r][0] += value * to_float(w0.values[i]);
                sums[r][1] += value * to_float(w1.values[i]);
            }
        }
    }
#pragma unroll
    for (int r = 0; r < kRows; r++) {
        const float sum0 = warp_sum(sums[r][0]), sum1 = warp_sum(sums[r][1]);
        if (lane != 0 || r >= rows) continue;
        const int64_t to = out_rows[r] * a.out_stride;
        store_as(a.out, to + first, a.out_dtype, sum0 + (entry.bias ? entry.bias[first] : 0.0f));
        if (second != first) store_as(a.out, to + second, a.out_dtype, sum1 + (entry.bias ? entry.bias[second] : 0.0f));
    }
}

inline constexpr int kExpertThreads = 128, kExpertOutputs = 128, kExpertInputs = 32;

/**
 * 16-bit operands on the tensor cores: a tile of up to kRows rows of one expert by 128 outputs, of which each of four warps takes 32.
 * Tiles of both operands are copied while others are multiplied. Rows of both operands must be multiples of 16 bytes. Limit: memory
 * bandwidth while an expert has few rows, then the tensor cores.
 */
template <typename T, int kRows>
__global__ void __launch_bounds__(kExpertThreads) expert_mma(ExpertCall a, const ExpertGroups* groups) {
    constexpr int kStages = kRows <= kFewTileRows ? 4 : 3;  // what 48 KiB hold
    constexpr int kStride = kExpertInputs + 8;              // keeps rows 16-byte aligned and off each other's banks
    constexpr int kPacks = kExpertInputs / Pack<T>::kSize;  // in a row of a tile
    constexpr int kRowTiles = kRows / 16, kOutputTiles = kExpertOutputs / 4 / 8;
    __shared__ alignas(16) T x_tiles[kStages][kRows * kStride];
    __shared__ alignas(16) T weight_tiles[kStages][kExpertOutputs * kStride];
    __shared__ int rows[kRows];
    ExpertTile tile;
    if (!find_tile(a, groups, tile, rows)) return;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, warp = thread / kWarp;
    const int first_output = static_cast<int>(blockIdx.x) * kExpertOutputs;
    __syncthreads();

    const ExpertEntry entry = a.table[tile.expert];
    const T* x = static_cast<const T*>(a.x);
    const T* weight = static_cast<const T*>(entry.weight);
    const int steps = (a.inputs + kExpertInputs - 1) / kExpertInputs;
    const auto start_step = [&](int step) {
        const int k = step * kExpertInputs, stage = step % kStages;
        if (step < steps) {
#pragma unroll
            for (int i = thread; i < kRows * kPacks; i += kExpertThreads) {
                const int line = i / kPacks, inner = i % kPacks * Pack<T>::kSize, row = rows[line];
                const T* from = x + max(row, 0) / a.share * a.x_stride + k + inner;
                copy_async(&x_tiles[stage][line * kStride + inner], from, row >= 0 && k + inner < a.inputs);
            }
#pragma unroll
            for (int i = thread; i < kExpertOutputs * kPacks; i += kExpertThreads) {
                const int line = i / kPacks, inner = i % kPacks * Pack<T>::kSize, n = first_output + line;
                const T* from = weight + static_cast<int64_t>(n) * a.inputs + k + inner;
                copy_async(&weight_tiles[stage][line * kStride + inner], from, n < a.outputs && k + inner < a.inputs);
            }
        }
        commit_copies();
    };

    float sums[kRowTiles][kOutputTiles][4] = {};
#pragma unroll
    for (int step = 0; step < kStages - 1; step++) start_step(step);
    for (int step = 0; step < steps; step++) {
        wait_copies<kStages - 2>();
        __syncthreads();  // the step's tiles are there; nobody needs those before any more
        start_step(step + kStages - 1);
        const T* lane_x = x_tiles[step % kStages] + lane % 16 * kStride + lane / 16 * 8;
        const T* lane_weight = weight_tiles[step % kStages] + (warp * 32 + lane % 8 + lane / 16 * 8) * kStride + lane / 8 % 2 * 8;
#pragma unroll
        for (int k = 0; k < kExpertInputs; k += 16) {
            uint32_t left[kRowTiles][4];
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) load_matrices(left[m], lane_x + m * 16 * kStride + k);
#pragma unroll
            for (int n = 0; n < kOutputTiles; n += 2) {
                uint32_t right[4];
                load_matrices(right, lane_weight + n * 8 * kStride + k);
#pragma unroll
                for (int m = 0; m < kRowTiles; m++) {
                    multiply_add<T>(sums[m][n], left[m], right[0], right[1]);
                    multiply_add<T>(sums[m][n + 1], left[m], right[2], right[3]);
                }
            }
        }
    }
#pragma unroll
    for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
        for (int n = 0; n < kOutputTiles; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int row = rows[m * 16 + lane / 4 + i / 2 * 8], column = first_output + warp * 32 + n * 8 + lane % 4 * 2 + i % 2;
                if (row < 0 || column >= a.outputs) continue;
                store_as(a.out, row * a.out_stride + column, a.out_dtype, sums[m][n][i] + (entry.bias ? entry.bias[column] : 0.0f));
            }
        }
    }
}

inline constexpr int kExpertTile = 64, kExpertTileInputs = 16, kExpertTileThreads = 256;

/** Any dtypes, any alignment: up to kRows rows of one expert by 64 outputs, fused multiply-adds on the CUDA cores. */
template <typename X, typename W, int kRows>
__global__ void __launch_bounds__(kExpertTileThreads) expert_tiled(ExpertCall a, const ExpertGroups* groups) {
    constexpr int kThreadRows = kRows / 16;
    __shared__ float x_tile[kExpertTileInputs][kRows + 4], weight_tile[kExpertTileInputs][kExpertTile + 4];
    __shared__ int rows[kRows];
    ExpertTile tile;
    if (!find_tile(a, groups, tile, rows)) return;
    const int thread = static_cast<int>(threadIdx.x);
    const int first_output = static_cast<int>(blockIdx.x) * kExpertTile;
    const int column = thread % 16 * 4, line_of_thread = thread / 16 * kThreadRows;
    __syncthreads();
    const ExpertEntry entry = a.table[tile.expert];
    const X* x = static_cast<const X*>(a.x);
    const W* weight = static_cast<const W*>(entry.weight);
    float sums[kThreadRows][4] = {};
    for (int k = 0; k < a.inputs; k += kExpertTileInputs) {
        for (int i = thread; i < kRows * kExpertTileInputs; i += kExpertTileThreads) {
            const int line = i / kExpertTileInputs, inner = i % kExpertTileInputs, row = rows[line];
            x_tile[inner][line] = row >= 0 && k + inner < a.inputs ? to_float(x[row / a.share * a.x_stride + k + inner]) : 0.0f;
        }
        for (int i = thread; i < kExpertTile * kExpertTileInputs; i += kExpertTileThreads) {
            const int line = i / kExpertTileInputs, inner = i % kExpertTileInputs, n = first_output + line;
            const bool inside = n < a.outputs && k + inner < a.inputs;
            weight_tile[inner][line] = inside ? to_float(weight[static_cast<int64_t>(n) * a.inputs + k + inner]) : 0.0f;
        }
        __syncthreads();
#pragma unroll
        for (int inner = 0; inner < kExpertTileInputs; inner++) {
#pragma unroll
            for (int i = 0; i < kThreadRows; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    sums[i][j] = fmaf(x_tile[inner][line_of_thread + i], weight_tile[inner][column + j], sums[i][j]);
                }
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < kThreadRows; i++) {
        const int row = rows[line_of_thread + i];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const int n = first_output + column + j;
            if (row < 0 || n >= a.outputs) continue;
            store_as(a.out, row * a.out_stride + n, a.out_dtype, sums[i][j] + (entry.bias ? entry.bias[n] : 0.0f));
        }
    }
}

}  // namespace octavo::cuda::kernels
