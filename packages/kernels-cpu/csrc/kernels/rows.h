// Kernels over single rows: norms, rotary embedding, activation, conversion. All are bound by memory.
#pragma once

#include "kernels/kernels.h"
#include "kernels/vec.h"

namespace {

/** Four chains over the row in order; the number of chains is part of the result, so it never changes with the caller. */
template <typename T>
OCTAVO_INLINE float sum_of_squares(const T* x, int64_t count) {
    Vec sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
        for (int c = 0; c < 4; c++) {
            Vec value = load(x + i + c * kLanes);
            sums[c] = multiply_add(value, value, sums[c]);
        }
    }
    for_lanes(count - i, [&](int64_t j, auto load, auto) {
        Vec value = load(x + i + j);
        sums[0] = multiply_add(value, value, sums[0]);
    });
    return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <typename T>
void rms_norm(void* out, const void* x, const void* weight, int64_t hidden, float eps) {
    const T* from = static_cast<const T*>(x);
    const T* scale = static_cast<const T*>(weight);
    T* to = static_cast<T*>(out);
    const float factor = 1.0f / __builtin_sqrtf(sum_of_squares(from, hidden) / static_cast<float>(hidden) + eps);
    for_lanes(hidden, [&](int64_t i, auto load, auto store) { store(to + i, load(from + i) * factor * load(scale + i)); });
}

template <typename T>
void add_rms_norm(void* out, void* residual, const void* x, const void* weight, int64_t hidden, float eps) {
    T* sums = static_cast<T*>(residual);
    const T* added = static_cast<const T*>(x);
    for_lanes(hidden, [&](int64_t i, auto load, auto store) { store(sums + i, load(sums + i) + load(added + i)); });
    rms_norm<T>(out, residual, weight, hidden, eps);
}

template <typename T>
void rope(void* heads, int64_t count, int64_t head_dim, const float* cos_sin, int64_t rotary_dim) {
    const int64_t half = rotary_dim / 2;
    for (int64_t head = 0; head < count; head++) {
        T* low = static_cast<T*>(heads) + head * head_dim;
        T* high = low + half;
        for_lanes(half, [&](int64_t i, auto load, auto store) {
            Vec a = load(low + i), b = load(high + i), cosine = load(cos_sin + i), sine = load(cos_sin + half + i);
            store(low + i, a * cosine - b * sine);
            store(high + i, b * cosine + a * sine);
        });
    }
}

template <typename T>
void silu_mul(void* out, const void* gate, const void* up, int64_t count) {
    const T* gates = static_cast<const T*>(gate);
    const T* ups = static_cast<const T*>(up);
    T* to = static_cast<T*>(out);
    for_lanes(count, [&](int64_t i, auto load, auto store) {
        Vec z = load(gates + i);
        store(to + i, z / (exponential(-z) + 1.0f) * load(ups + i));
    });
}

template <typename T>
void to_float(float* out, const void* in, int64_t count) {
    const T* from = static_cast<const T*>(in);
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(out + i, load(from + i)); });
}

template <typename T>
void from_float(void* out, const float* in, int64_t count) {
    T* to = static_cast<T*>(out);
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(to + i, load(in + i)); });
}

octavo::cpu::RowKernels row_kernels() {
    return {{rms_norm<float>, rms_norm<Half>, rms_norm<Bfloat16>},
            {add_rms_norm<float>, add_rms_norm<Half>, add_rms_norm<Bfloat16>},
            {rope<float>, rope<Half>, rope<Bfloat16>},
            {silu_mul<float>, silu_mul<Half>, silu_mul<Bfloat16>},
            {to_float<float>, to_float<Half>, to_float<Bfloat16>},
            {from_float<float>, from_float<Half>, from_float<Bfloat16>}};
}

}  // namespace
