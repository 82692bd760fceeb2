// Uniform random values by packages/core/src/random-fill.ts. Writes each element once and reads nothing: some 80 integer
// instructions for four elements, so about as fast as memory takes 16-bit elements.
#pragma once

#include "kernels/element.cuh"
#include "kernels/philox.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kFillThreads = 256;

/** A thread fills groups of four neighbouring elements. Product and sum are two roundings, which nvcc would fuse. */
template <typename T>
__global__ void __launch_bounds__(kFillThreads) fill_random(T* out, RandomFill fill, int64_t count) {
    const int64_t groups = (count + 3) / 4, stride = static_cast<int64_t>(gridDim.x) * kFillThreads;
    for (int64_t group = static_cast<int64_t>(blockIdx.x) * kFillThreads + threadIdx.x; group < groups; group += stride) {
        const NoiseKey key = {fill.seed, 0, 0, static_cast<uint32_t>(group >> 32)};
        const uint4 drawn = draw(key, static_cast<uint32_t>(group));
        const uint32_t words[4] = {drawn.x, drawn.y, drawn.z, drawn.w};
        const int64_t first = 4 * group;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            if (first + i >= count) break;
            const float unit = static_cast<float>(words[i] >> 8) * 0x1p-24f;
            out[first + i] = from_float<T>(__fadd_rn(fill.low, __fmul_rn(fill.span, unit)));
        }
    }
}

}  // namespace octavo::cuda::kernels
