// Elements of float tensors: every kernel computes in float32 and converts where it loads and stores.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "octavo/step_plan.h"

namespace octavo::cuda::kernels {

/** Threads of a block of kernels over rows and elements. */
inline constexpr int kRowThreads = 256;

/** Neighbouring elements, loaded and stored at once. */
template <typename T, int kWidth>
struct alignas(sizeof(T) * kWidth) Elements {
    T values[kWidth];
};

__device__ inline float to_float(float value) { return value; }
__device__ inline float to_float(__half value) { return __half2float(value); }
__device__ inline float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }

/** Rounds to nearest even. */
template <typename T>
__device__ inline T from_float(float value) {
    if constexpr (sizeof(T) == 4) {
        return value;
    } else if constexpr (__is_same(T, __half)) {
        return __float2half_rn(value);
    } else {
        return __float2bfloat16_rn(value);
    }
}

/** 16 bytes of neighbouring elements, loaded at once; the address must be a multiple of 16. */
template <typename T>
struct alignas(16) Pack {
    static constexpr int kSize = 16 / sizeof(T);
    T values[kSize];
};

template <typename T>
__device__ inline Pack<T> load_pack(const T* address) {
    Pack<T> pack;
    *reinterpret_cast<uint4*>(&pack) = *reinterpret_cast<const uint4*>(address);
    return pack;
}

/** Stores to a tensor whose dtype the kernel is not compiled for. */
__device__ inline void store_as(void* out, int64_t index, int32_t dtype, float value) {
    if (dtype == dtype::kFloat32) {
        static_cast<float*>(out)[index] = value;
    } else if (dtype == dtype::kFloat16) {
        static_cast<__half*>(out)[index] = __float2half_rn(value);
    } else {
        static_cast<__nv_bfloat16*>(out)[index] = __float2bfloat16_rn(value);
    }
}

}  // namespace octavo::cuda::kernels
