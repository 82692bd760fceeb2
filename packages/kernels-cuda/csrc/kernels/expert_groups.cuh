// The rows of a step by expert: tiles of rows that share an expert's weights.
#pragma once

#include "kernels/fault.cuh"
#include "kernels/reduce.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kMostExperts = 1024;  // MOST_EXPERTS of packages/core/src/experts.ts
/** Rows that are grouped at once; more take several launches. */
inline constexpr int kMostGroupedRows = 64 * 1024;
inline constexpr int kFewTileRows = 16, kManyTileRows = 64;

/** Neighbours in ExpertGroups::rows. */
struct ExpertTile {
    int expert, first, rows;
};

/** In GPU memory of the stream; none where rows come in turns. Which row of an expert comes first is left to chance: no result depends on it. */
struct ExpertGroups {
    int tiles;
    ExpertTile tile[kMostExperts + kMostGroupedRows / kFewTileRows];
    int rows[kMostGroupedRows];
};

/** Tiles that there can be at most. */
constexpr int most_tiles(int rows, int experts, int tile_rows) { return (rows < experts ? rows : experts) + rows / tile_rows; }

/** What a kernel of expertLinear gets: sizes fit 32 bits, offsets into tensors need 64. */
struct ExpertCall {
    void* out;
    int64_t out_stride;
    int32_t out_dtype;
    const void* x;
    int64_t x_stride;
    const ExpertEntry* table;
    const int32_t* experts;  // [rows]; null: row i goes to expert i modulo their count
    int rows, share, count, inputs, outputs;

    __device__ int expert_of(int row) const { return experts ? experts[row] : row % count; }
};

/** The rows of a block's tile, without groups: those of one head after another, each head's in tiles of kRows. */
template <int kRows>
__device__ inline ExpertTile head_tile(const ExpertCall& a) {
    const int head = static_cast<int>(blockIdx.y) % a.count, first = static_cast<int>(blockIdx.y) / a.count * kRows;
    return {head, first, min(kRows, a.rows / a.count - first)};
}

/** The tile of the block's second index. @returns false behind the last one. @param rows of the block: which row each line is, or -1 */
template <int kRows>
__device__ inline bool find_tile(const ExpertCall& a, const ExpertGroups* groups, ExpertTile& tile, int (&rows)[kRows]) {
    if (groups && static_cast<int>(blockIdx.y) >= groups->tiles) return false;
    tile = groups ? groups->tile[blockIdx.y] : head_tile<kRows>(a);
    const int line = static_cast<int>(threadIdx.x);
    if (line < kRows) {
        const int row = groups ? tile.first + line : (tile.first + line) * a.count + tile.expert;
        rows[line] = line >= tile.rows ? -1 : groups ? groups->rows[row] : row;
    }
    return true;
}

inline constexpr int kGroupThreads = kMostExperts;

/** The sum of the values of the block's threads up to this one, of two counts below 2^32 in one number. */
__device__ inline unsigned long long block_prefix(unsigned long long value) {
    __shared__ unsigned long long totals[kGroupThreads / kWarp];
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const auto warp_prefix = [lane](unsigned long long sum) {
#pragma unroll
        for (int offset = 1; offset < kWarp; offset *= 2) {
            const unsigned long long before = __shfl_up_sync(kAllLanes, sum, offset);
            if (lane >= offset) sum += before;
        }
        return sum;
    };
    value = warp_prefix(value);
    if (lane == kWarp - 1) totals[warp] = value;
    __syncthreads();
    if (warp == 0) totals[lane] = warp_prefix(totals[lane]);
    __syncthreads();
    return value + (warp > 0 ? totals[warp - 1] : 0);
}

/** A counting sort in one block, a thread for each expert. Limit: latency, some microseconds. Rows of no expert are left out. */
__global__ void __launch_bounds__(kGroupThreads) group_rows(ExpertCall a, int tile_rows, ExpertGroups* groups, Fault* fault) {
    __shared__ int counts[kMostExperts];
    const int thread = static_cast<int>(threadIdx.x);
    counts[thread] = 0;
    __syncthreads();
    for (int row = thread; row < a.rows; row += kGroupThreads) {
        const int expert = a.experts[row];
        if (expert >= 0 && expert < a.count) {
            atomicAdd(&counts[expert], 1);
        } else {
            report(fault, kExpert, expert);
        }
    }
    __syncthreads();
    const int rows = counts[thread], tiles = (rows + tile_rows - 1) / tile_rows;
    const unsigned long long both = static_cast<unsigned long long>(tiles) << 32 | static_cast<unsigned>(rows);
    const unsigned long long end = block_prefix(both), begin = end - both;
    const int first_row = static_cast<int>(begin & 0xffffffffu), first_tile = static_cast<int>(begin >> 32);
    for (int i = 0; i < tiles; i++) {
        groups->tile[first_tile + i] = {thread, first_row + i * tile_rows, min(tile_rows, rows - i * tile_rows)};
    }
    if (thread == kGroupThreads - 1) groups->tiles = static_cast<int>(end >> 32);
    counts[thread] = first_row;
    __syncthreads();
    for (int row = thread; row < a.rows; row += kGroupThreads) {
        const int expert = a.experts[row];
        if (expert >= 0 && expert < a.count) groups->rows[atomicAdd(&counts[expert], 1)] = row;
    }
}

}  // namespace octavo::cuda::kernels
