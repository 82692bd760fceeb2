// Reductions over a warp and over a block, always in the same order.
#pragma once

namespace octavo::cuda::kernels {

inline constexpr unsigned kAllLanes = 0xffffffffu;
inline constexpr int kWarp = 32;

__device__ inline float warp_sum(float value) {
#pragma unroll
    for (int offset = kWarp / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(kAllLanes, value, offset);
    return value;
}

__device__ inline float warp_max(float value) {
#pragma unroll
    for (int offset = kWarp / 2; offset > 0; offset /= 2) value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, offset));
    return value;
}

/** The sum over a block of kThreads, for every thread. */
template <int kThreads>
__device__ inline float block_sum(float value) {
    __shared__ float partial[kThreads / kWarp];
    value = warp_sum(value);
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = value;
    __syncthreads();
    float total = 0;
#pragma unroll
    for (int i = 0; i < kThreads / kWarp; i++) total += partial[i];
    __syncthreads();
    return total;
}

}  // namespace octavo::cuda::kernels
