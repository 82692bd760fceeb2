// The best scored token of a block, for sampling and logprobs.
#pragma once

#include "kernels/select.cuh"

namespace octavo::cuda::kernels {

template <typename Score>
struct Best {
    Score score;
    int token;

    __device__ void consider(const Best& other) {
        if (other.score > score || (other.score == score && other.token < token)) *this = other;
    }
};

/** The best of the block, for every thread; equal scores go to the lowest token. */
template <typename Score>
__device__ Best<Score> block_best(Best<Score> best) {
    __shared__ Best<Score> partial[kSampleWarps];
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        best.consider({__shfl_xor_sync(kAllLanes, best.score, offset), __shfl_xor_sync(kAllLanes, best.token, offset)});
    }
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = best;
    __syncthreads();
    best = partial[0];
    for (int i = 1; i < kSampleWarps; i++) best.consider(partial[i]);
    __syncthreads();
    return best;
}

}  // namespace octavo::cuda::kernels
