// out = x * weight^T + bias, three ways. Each output element is one chain of sums in an order that does not depend on the number
// of rows; the three differ in that order, so a choice by rows (ops/linear.cu) can change last bits.
#pragma once

#include <mma.h>

#include "kernels/element.cuh"
#include "kernels/reduce.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

/** What a linear kernel gets: sizes fit 32 bits, offsets into tensors need 64. */
struct LinearCall {
    void* out;
    int64_t out_stride;
    int32_t out_dtype;
    const void* x;
    int64_t x_stride;
    const void* weight;
    const float* bias;
    int rows, inputs, outputs;
};

inline constexpr int kFewRowsThreads = 128;
inline constexpr int kFewRowsOutputs = 2;  // a warp

/**
 * A few rows: a warp computes two output columns for all of them, so the weights are read once, 16 bytes a lane at a time. Limit:
 * memory bandwidth. Rows of both operands must be multiples of 16 bytes. Not for many rows: x is read again by every warp.
 */
template <typename T, int kRows>
__global__ void __launch_bounds__(kFewRowsThreads) linear_few_rows(LinearCall a) {
    constexpr int kPack = Pack<T>::kSize;
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const int warp = static_cast<int>(blockIdx.x) * (kFewRowsThreads / kWarp) + static_cast<int>(threadIdx.x) / kWarp;
    const int first = warp * kFewRowsOutputs;
    if (first >= a.outputs) return;
    const int second = first + 1 < a.outputs ? first + 1 : first;
    const T* weight0 = static_cast<const T*>(a.weight) + static_cast<int64_t>(first) * a.inputs;
    const T* weight1 = static_cast<const T*>(a.weight) + static_cast<int64_t>(second) * a.inputs;
    const T* x = static_cast<const T*>(a.x);
    float sums[kRows][2] = {};
#pragma unroll(kRows == 1 ? 4 : 2)
    for (int k = lane * kPack; k < a.inputs; k += kWarp * kPack) {
        const Pack<T> w0 = load_pack(weight0 + k), w1 = load_pack(weight1 + k);
#pragma unroll
        for (int r = 0; r < kRows; r++) {
            const int row = r < a.rows ? r : 0;
            const Pack<T> input = load_pack(x + row * a.x_stride + k);
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
        if (lane != 0 || r >= a.rows) continue;
        store_as(a.out, r * a.out_stride + first, a.out_dtype, sum0 + (a.bias ? a.bias[first] : 0.0f));
        if (second != first) store_as(a.out, r * a.out_stride + second, a.out_dtype, sum1 + (a.bias ? a.bias[second] : 0.0f));
    }
}

inline constexpr int kTile = 64, kTileInputs = 16, kTileThreads = 256;

/**
 * Any dtypes, any alignment: 64 x 64 tiles in shared memory as float32, 4 x 4 outputs a thread, fused multiply-adds on the CUDA
 * cores. The plain way, for float32 and for what the other kernels do not take.
 */
template <typename X, typename W>
__global__ void __launch_bounds__(kTileThreads) linear_tiled(LinearCall a) {
    __shared__ float x_tile[kTileInputs][kTile + 4], weight_tile[kTileInputs][kTile + 4];
    const int thread = static_cast<int>(threadIdx.x);
    const int first_output = static_cast<int>(blockIdx.x) * kTile, first_row = static_cast<int>(blockIdx.y) * kTile;
    const int column = thread % 16 * 4, row = thread / 16 * 4;
    const X* x = static_cast<const X*>(a.x);
    const W* weight = static_cast<const W*>(a.weight);
    float sums[4][4] = {};
    for (int k = 0; k < a.inputs; k += kTileInputs) {
        for (int i = thread; i < kTile * kTileInputs; i += kTileThreads) {
            const int line = i / kTileInputs, inner = i % kTileInputs;
            const bool inside = k + inner < a.inputs;
            const int r = first_row + line, n = first_output + line;
            x_tile[inner][line] = inside && r < a.rows ? to_float(x[r * a.x_stride + k + inner]) : 0.0f;
            weight_tile[inner][line] = inside && n < a.outputs ? to_float(weight[static_cast<int64_t>(n) * a.inputs + k + inner]) : 0.0f;
        }
        __syncthreads();
#pragma unroll
        for (int inner = 0; inner < kTileInputs; inner++) {
            float left[4], right[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                left[i] = x_tile[inner][row + i];
                right[i] = weight_tile[inner][column + i];
            }
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) sums[i][j] += left[i] * right[j];
            }
        }
        __syncthreads();
    }
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            const int r = first_row + row + i, n = first_output + column + j;
            if (r < a.rows && n < a.outputs) store_as(a.out, r * a.out_stride + n, a.out_dtype, sums[i][j] + (a.bias ? a.bias[n] : 0.0f));
        }
    }
}

inline constexpr int kMmaTile = 64, kMmaInputs = 32, kMmaThreads = 128;
inline constexpr int kMmaStride = kMmaInputs + 8;  // keeps rows 16-byte aligned and off each other's banks

/**
 * 16-bit operands on the tensor cores: 64 x 64 tiles, four warps of 32 x 32, float32 sums. Rows of both operands must be
 * multiples of 16 bytes. One tile is loaded while none is computed: the fallback where cuBLASLt is absent, not a fast GEMM.
 */
template <typename T>
__global__ void __launch_bounds__(kMmaThreads) linear_mma(LinearCall a) {
    namespace wmma = nvcuda::wmma;
    __shared__ alignas(32) T x_tile[kMmaTile * kMmaStride];
    __shared__ alignas(32) T weight_tile[kMmaTile * kMmaStride];
    __shared__ alignas(32) float out_tile[kMmaTile][kMmaTile + 4];
    const int thread = static_cast<int>(threadIdx.x), warp = thread / kWarp;
    const int first_output = static_cast<int>(blockIdx.x) * kMmaTile, first_row = static_cast<int>(blockIdx.y) * kMmaTile;
    const int warp_row = warp / 2 * 32, warp_column = warp % 2 * 32;
    const T* x = static_cast<const T*>(a.x);
    const T* weight = static_cast<const T*>(a.weight);

    wmma::fragment<wmma::accumulator, 16, 16, 16, float> sums[2][2];
    for (auto& line : sums) {
        for (auto& sum : line) wmma::fill_fragment(sum, 0.0f);
    }
    constexpr int kPacks = kMmaInputs / Pack<T>::kSize;  // in a row of a tile
    for (int k = 0; k < a.inputs; k += kMmaInputs) {
        for (int i = thread; i < kMmaTile * kPacks; i += kMmaThreads) {
            const int line = i / kPacks, inner = i % kPacks * Pack<T>::kSize;
            const int r = first_row + line, n = first_output + line;
            const bool inside = k + inner < a.inputs;
            const uint4 zeros = {0, 0, 0, 0};
            const T* from_x = x + r * a.x_stride + k + inner;
            const T* from_weight = weight + static_cast<int64_t>(n) * a.inputs + k + inner;
            *reinterpret_cast<uint4*>(x_tile + line * kMmaStride + inner) =
                inside && r < a.rows ? *reinterpret_cast<const uint4*>(from_x) : zeros;
            *reinterpret_cast<uint4*>(weight_tile + line * kMmaStride + inner) =
                inside && n < a.outputs ? *reinterpret_cast<const uint4*>(from_weight) : zeros;
        }
        __syncthreads();
#pragma unroll
        for (int inner = 0; inner < kMmaInputs; inner += 16) {
            wmma::fragment<wmma::matrix_a, 16, 16, 16, T, wmma::row_major> left[2];
            wmma::fragment<wmma::matrix_b, 16, 16, 16, T, wmma::col_major> right[2];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                wmma::load_matrix_sync(left[i], x_tile + (warp_row + 16 * i) * kMmaStride + inner, kMmaStride);
                wmma::load_matrix_sync(right[i], weight_tile + (warp_column + 16 * i) * kMmaStride + inner, kMmaStride);
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
#pragma unroll
                for (int j = 0; j < 2; j++) wmma::mma_sync(sums[i][j], left[i], right[j], sums[i][j]);
            }
        }
        __syncthreads();
    }
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            float* to = &out_tile[warp_row + 16 * i][warp_column + 16 * j];
            wmma::store_matrix_sync(to, sums[i][j], kMmaTile + 4, wmma::mem_row_major);
        }
    }
    __syncthreads();
    for (int i = thread; i < kMmaTile * kMmaTile; i += kMmaThreads) {
        const int r = first_row + i / kMmaTile, n = first_output + i % kMmaTile;
        if (r >= a.rows || n >= a.outputs) continue;
        store_as(a.out, r * a.out_stride + n, a.out_dtype, out_tile[i / kMmaTile][i % kMmaTile] + (a.bias ? a.bias[n] : 0.0f));
    }
}

}  // namespace octavo::cuda::kernels
