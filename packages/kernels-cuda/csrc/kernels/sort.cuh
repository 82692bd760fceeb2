// Sorting a row's tokens by likelihood where they lie, one block a row, without memory of its own beside one tile of shared memory:
// a bitonic network (Batcher 1968) whose comparisons all point the same way, so that any count will do: what would lie behind the end
// counts as least likely and never moves.
#pragma once

#include <cstdint>

#include "kernels/select.cuh"

namespace octavo::cuda::kernels {

/** Tokens that are sorted in shared memory at once: two for each thread. */
inline constexpr int kSortTile = 2 * kSampleThreads;

/** Tokens with their values, none of which is NaN. */
struct Ranking {
    float* values;
    int32_t* tokens;
    int count;

    /** Puts two places in order: the larger value first, of equal ones the lower id. */
    __device__ void order(int first, int second) const {
        if (second >= count) return;
        const float a = values[first], b = values[second];
        const int32_t a_token = tokens[first], b_token = tokens[second];
        if (a > b || (a == b && a_token < b_token)) return;
        values[first] = b;
        values[second] = a;
        tokens[first] = b_token;
        tokens[second] = a_token;
    }

    /** Merges neighbouring sorted runs of `run` tokens: their first comparisons, between mirrored places. Then a barrier. */
    __device__ void mirror(int run) const {
        for (int pair = static_cast<int>(threadIdx.x); pair / run * 2 * run < count; pair += kSampleThreads) {
            const int begin = pair / run * 2 * run, i = pair % run;
            order(begin + i, begin + 2 * run - 1 - i);
        }
        __syncthreads();
    }

    /** Comparisons between places that are `stride` apart. Then a barrier. */
    __device__ void spread(int stride) const {
        for (int pair = static_cast<int>(threadIdx.x); pair / stride * 2 * stride < count; pair += kSampleThreads) {
            const int first = pair / stride * 2 * stride + pair % stride;
            order(first, first + stride);
        }
        __syncthreads();
    }
};

struct SortRoom {
    float values[kSortTile];
    int32_t tokens[kSortTile];
};

/** Calls `work(tile)` with each tile of the ranking in shared memory. */
template <typename Work>
__device__ void for_tiles(const Ranking& all, SortRoom& room, Work work) {
    for (int begin = 0; begin < all.count; begin += kSortTile) {
        const int count = all.count - begin < kSortTile ? all.count - begin : kSortTile;
        for (int i = static_cast<int>(threadIdx.x); i < count; i += kSampleThreads) {
            room.values[i] = all.values[begin + i];
            room.tokens[i] = all.tokens[begin + i];
        }
        __syncthreads();
        work(Ranking{room.values, room.tokens, count});
        for (int i = static_cast<int>(threadIdx.x); i < count; i += kSampleThreads) {
            all.values[begin + i] = room.values[i];
            all.tokens[begin + i] = room.tokens[i];
        }
        __syncthreads();
    }
}

/** Called by the whole block; begins and ends with a barrier. */
__device__ inline void sort(const Ranking& all) {
    __shared__ SortRoom room;
    __syncthreads();
    for_tiles(all, room, [](const Ranking& tile) {
        for (int run = 1; run < tile.count; run *= 2) {
            tile.mirror(run);
            for (int stride = run / 2; stride > 0; stride /= 2) tile.spread(stride);
        }
    });
    for (int run = kSortTile; run < all.count; run *= 2) {
        all.mirror(run);
        for (int stride = run / 2; stride >= kSortTile; stride /= 2) all.spread(stride);
        for_tiles(all, room, [](const Ranking& tile) {
            for (int stride = kSortTile / 2; stride > 0; stride /= 2) tile.spread(stride);
        });
    }
}

}  // namespace octavo::cuda::kernels
