// Kernels over independent rows: copies, norms, activation, RoPE, conversion. All read and write each element once, so their
// limit is memory bandwidth.
#pragma once

#include "kernels/element.cuh"
#include "kernels/fault.cuh"
#include "kernels/reduce.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kRowThreads = 256;

enum class OutOfRange { kZeros, kFault };

/** out[r] = table[ids[r]] in units of Unit; one block a row. */
template <typename Unit, OutOfRange kOutOfRange>
__global__ void __launch_bounds__(kRowThreads)
    pick_rows(Unit* out, const Unit* table, const int32_t* ids, int64_t rows, int64_t row_units, Fault* fault) {
    const int64_t id = ids[blockIdx.x];
    Unit* to = out + blockIdx.x * row_units;
    const bool valid = id >= 0 && id < rows;
    if (!valid && kOutOfRange == OutOfRange::kFault) {
        if (threadIdx.x == 0) report(fault, kGatherIndex, id);
        return;
    }
    for (int64_t i = threadIdx.x; i < row_units; i += kRowThreads) to[i] = valid ? table[id * row_units + i] : Unit{};
}

/** One block a row. With kAdd, `residual` becomes residual + x (rounded), and that is what is normed. */
template <typename T, bool kAdd>
__global__ void __launch_bounds__(kRowThreads)
    rms_norm(T* out, T* residual, const T* x, const T* weight, int64_t hidden, float eps) {
    const int64_t offset = blockIdx.x * hidden;
    float squares = 0;
    for (int64_t i = threadIdx.x; i < hidden; i += kRowThreads) {
        float value = to_float(x[offset + i]);
        if constexpr (kAdd) {
            const T sum = from_float<T>(to_float(residual[offset + i]) + value);
            residual[offset + i] = sum;
            value = to_float(sum);
        }
        squares += value * value;
    }
    const float scale = 1.0f / sqrtf(block_sum<kRowThreads>(squares) / static_cast<float>(hidden) + eps);
    // Each thread reads again what it wrote itself.
    const T* normed = kAdd ? residual : x;
    for (int64_t i = threadIdx.x; i < hidden; i += kRowThreads) {
        out[offset + i] = from_float<T>(to_float(normed[offset + i]) * scale * to_float(weight[i]));
    }
}

template <typename T>
__global__ void __launch_bounds__(kRowThreads) silu_mul(T* out, const T* gate_up, int64_t width) {
    const int64_t row = blockIdx.x;
    const int64_t i = static_cast<int64_t>(blockIdx.y) * kRowThreads + threadIdx.x;
    if (i >= width) return;
    const float gate = to_float(gate_up[2 * row * width + i]), up = to_float(gate_up[(2 * row + 1) * width + i]);
    out[row * width + i] = from_float<T>(gate / (1.0f + expf(-gate)) * up);
}

/** One block a token; threads take the pairs of all heads of q, then of k. */
template <typename T>
__global__ void __launch_bounds__(kRowThreads) rope(Rope a, Fault* fault) {
    const int64_t token = blockIdx.x;
    const int64_t position = a.positions[token];
    if (position < 0 || position >= a.max_positions) {
        if (threadIdx.x == 0) report(fault, kRopePosition, position);
        return;
    }
    const int64_t half = a.rotary_dim / 2;
    const float* angles = a.cos_sin + position * a.rotary_dim;
    for (int64_t i = threadIdx.x; i < (a.heads + a.kv_heads) * half; i += kRowThreads) {
        const int64_t head = i / half, pair = i % half;
        T* x = head < a.heads ? static_cast<T*>(a.q) + token * a.q_stride + head * a.head_dim
                              : static_cast<T*>(a.k) + token * a.k_stride + (head - a.heads) * a.head_dim;
        const float first = to_float(x[pair]), second = to_float(x[pair + half]);
        const float cosine = angles[pair], sine = angles[pair + half];
        x[pair] = from_float<T>(first * cosine - second * sine);
        x[pair + half] = from_float<T>(second * cosine + first * sine);
    }
}

/** One block a token; sizes and strides count units. */
template <typename Unit>
__global__ void __launch_bounds__(kRowThreads)
    write_kv(Unit* keys, Unit* values, const Unit* k, int64_t k_stride, const Unit* v, int64_t v_stride, const int32_t* slots,
             int64_t blocks, int64_t kv_heads, int64_t block_size, int64_t head_units, Fault* fault) {
    const int64_t token = blockIdx.x, slot = slots[token];
    if (slot < 0 || slot >= blocks * block_size) {
        if (threadIdx.x == 0) report(fault, kCacheSlot, slot);
        return;
    }
    const int64_t block = slot / block_size, offset = slot % block_size;
    for (int64_t i = threadIdx.x; i < kv_heads * head_units; i += kRowThreads) {
        const int64_t head = i / head_units, unit = i % head_units;
        const int64_t to = ((block * kv_heads + head) * block_size + offset) * head_units + unit;
        keys[to] = k[token * k_stride + i];
        values[to] = v[token * v_stride + i];
    }
}

template <typename To, typename From>
__global__ void __launch_bounds__(kRowThreads) convert(To* out, const From* in, int64_t count) {
    const int64_t stride = static_cast<int64_t>(gridDim.x) * kRowThreads;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * kRowThreads + threadIdx.x; i < count; i += stride) {
        out[i] = from_float<To>(to_float(in[i]));
    }
}

}  // namespace octavo::cuda::kernels
