// Kernels over independent rows: lookups, RoPE, conversion. All read and write each element once, so their limit is memory bandwidth.
#pragma once

#include "kernels/element.cuh"
#include "kernels/fault.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

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

/** out[r] += table[ids[r] + offset], kWidth elements a thread at a time; one block a row. */
template <typename T, int kWidth>
__global__ void __launch_bounds__(kRowThreads)
    add_embedding(T* out, const T* table, const int32_t* ids, int64_t offset, int64_t rows, int64_t row_units) {
    using Unit = Elements<T, kWidth>;
    const int64_t row = ids[blockIdx.x] + offset;
    if (row < 0 || row >= rows) return;
    const Unit* from = reinterpret_cast<const Unit*>(table) + row * row_units;
    Unit* to = reinterpret_cast<Unit*>(out) + blockIdx.x * row_units;
    for (int64_t i = threadIdx.x; i < row_units; i += kRowThreads) {
        Unit unit = to[i];
        const Unit added = from[i];
#pragma unroll
        for (int j = 0; j < kWidth; j++) unit.values[j] = from_float<T>(to_float(unit.values[j]) + to_float(added.values[j]));
        to[i] = unit;
    }
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
    const int half = static_cast<int>(a.rotary_dim / 2), pairs = static_cast<int>(a.heads + a.kv_heads) * half;
    const float* angles = a.cos_sin + position * a.rotary_dim;
    for (int i = static_cast<int>(threadIdx.x); i < pairs; i += kRowThreads) {
        const int head = i / half, pair = i % half;
        T* x = head < a.heads ? static_cast<T*>(a.q) + token * a.q_stride + head * a.head_dim
                              : static_cast<T*>(a.k) + token * a.k_stride + (head - a.heads) * a.head_dim;
        const float first = to_float(x[pair]), second = to_float(x[pair + half]);
        const float cosine = angles[pair], sine = angles[pair + half];
        x[pair] = from_float<T>(first * cosine - second * sine);
        x[pair + half] = from_float<T>(second * cosine + first * sine);
    }
}

/** One block a token; sizes and strides count units. Without `v` only keys are written. */
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
    const int units = static_cast<int>(head_units), total = static_cast<int>(kv_heads) * units;
    for (int i = static_cast<int>(threadIdx.x); i < total; i += kRowThreads) {
        const int head = i / units, unit = i % units;
        const int64_t to = ((block * kv_heads + head) * block_size + offset) * units + unit;
        keys[to] = k[token * k_stride + i];
        if (v) values[to] = v[token * v_stride + i];
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
