// One vector of a row's tokens.
#pragma once

#include "kernels/element.cuh"
#include "kernels/fault.cuh"
#include "kernels/reduce.cuh"

namespace octavo::cuda::kernels {

inline constexpr int kPoolSlices = kRowThreads / kWarp;

/**
 * out[row] = mean of the row's tokens, 0 without any; x: [tokens, units of kWidth elements]. A block has kWarp units of one row: its
 * warps take every kPoolSlices-th token each, and their sums are added in order.
 */
template <typename T, int kWidth>
__global__ void __launch_bounds__(kRowThreads)
    mean_rows(float* out, const T* x, const int32_t* starts, int64_t tokens, int64_t units, Fault* fault) {
    using Unit = Elements<T, kWidth>;
    __shared__ float partial[kPoolSlices][kWidth][kWarp];
    const int64_t row = blockIdx.x;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, slice = static_cast<int>(threadIdx.x) / kWarp;
    const int64_t unit = static_cast<int64_t>(blockIdx.y) * kWarp + lane;
    const int64_t begin = starts[row], end = starts[row + 1];
    if (begin < 0 || begin > end || end > tokens) {
        if (threadIdx.x == 0) report(fault, kPlanEntry, row);
        return;
    }
    float sums[kWidth] = {};
    if (unit < units) {
#pragma unroll 4
        for (int64_t token = begin + slice; token < end; token += kPoolSlices) {
            const Unit values = reinterpret_cast<const Unit*>(x)[token * units + unit];
#pragma unroll
            for (int j = 0; j < kWidth; j++) sums[j] += to_float(values.values[j]);
        }
    }
#pragma unroll
    for (int j = 0; j < kWidth; j++) partial[slice][j][lane] = sums[j];
    __syncthreads();
    if (slice != 0 || unit >= units) return;
    const float factor = end > begin ? 1.0f / static_cast<float>(end - begin) : 0.0f;
#pragma unroll
    for (int j = 0; j < kWidth; j++) {
        float total = 0;
#pragma unroll
        for (int other = 0; other < kPoolSlices; other++) total += partial[other][j][lane];
        out[(row * units + unit) * kWidth + j] = total * factor;
    }
}

}  // namespace octavo::cuda::kernels
