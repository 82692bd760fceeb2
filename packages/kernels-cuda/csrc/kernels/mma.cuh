// The instructions that C++ has no words for: tensor cores (mma), what feeds them (ldmatrix) and copies from global to shared
// memory that run beside the computation (cp.async). One function each, all of sm_80; a warp's 32 lanes call them together.
// Layouts of fragments: "Warp Level Matrix Multiply-Accumulate Instructions" of NVIDIA's PTX ISA.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace octavo::cuda::kernels {

__device__ inline uint32_t shared_address(const void* address) { return static_cast<uint32_t>(__cvta_generic_to_shared(address)); }

/** Starts to copy 16 bytes, both addresses multiples of 16; not `wanted`: zeros, and `from` is not read. */
__device__ inline void copy_async(void* to, const void* from, bool wanted) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(wanted ? 16 : 0) : "memory");
}

/** Makes one group of the thread's copies since the last call. */
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/** Waits until all but the kLeft youngest groups of this thread are done; a barrier makes them visible to other threads. */
template <int kLeft>
__device__ inline void wait_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}

/**
 * Four 8 x 8 matrices of 16-bit elements; lane l gives the address of row l % 8 of matrix l / 8. The lane gets elements
 * 2 (l % 4) and the next of row l / 4 of each.
 */
__device__ inline void load_matrices(uint32_t (&to)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}

/** The same matrices, transposed: the lane gets column l / 4 of rows 2 (l % 4) and the next. */
__device__ inline void load_matrices_transposed(uint32_t (&to)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}

/** sums[16 x 8] += left[16 x 16] right[16 x 8] of elements T, in float32. */
template <typename T>
__device__ inline void multiply_add(float (&sums)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1) {
    if constexpr (__is_same(T, __half)) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
            : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
    } else {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
            : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
    }
}

/** 2^x within 2 units in the last place; 0 for -inf and for results below the normal numbers. */
__device__ inline float fast_exp2(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

/** Two floats rounded to T, as one register of a fragment. */
template <typename T>
__device__ inline uint32_t pack_pair(float first, float second) {
    if constexpr (__is_same(T, __half)) {
        const __half2 pair = __floats2half2_rn(first, second);
        return *reinterpret_cast<const uint32_t*>(&pair);
    } else {
        const __nv_bfloat162 pair = __floats2bfloat162_rn(first, second);
        return *reinterpret_cast<const uint32_t*>(&pair);
    }
}

}  // namespace octavo::cuda::kernels
