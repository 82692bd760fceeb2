// Norms of single rows.
#pragma once

#include "kernels/kernels.h"
#include "kernels/vec.h"

namespace {

constexpr float kOnes[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/**
 * Sums over a row in four chains, in order: sum = term(values, inside, sum), where `inside` is 1 in lanes that are of the row and 0
 * in others, whose values are 0. The number of chains is part of the result, so it never changes with the caller.
 */
template <typename T, typename Term>
OCTAVO_INLINE float sum_over(const T* x, int64_t count, Term term) {
    Vec sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
        for (int c = 0; c < 4; c++) sums[c] = term(load(x + i + c * kLanes), broadcast(1.0f), sums[c]);
    }
    for_lanes(count - i, [&](int64_t j, auto load, auto) { sums[0] = term(load(x + i + j), load(kOnes), sums[0]); });
    return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <typename T>
void rms_norm(void* out, const void* x, const octavo::cpu::NormParameters& parameters, int64_t hidden) {
    const T* from = static_cast<const T*>(x);
    const T* weight = static_cast<const T*>(parameters.weight);
    T* to = static_cast<T*>(out);
    const float offset = parameters.weight_offset;
    const float squares = sum_over(from, hidden, [](Vec v, Vec, Vec sum) __attribute__((always_inline)) { return multiply_add(v, v, sum); });
    const float factor = 1.0f / __builtin_sqrtf(squares / static_cast<float>(hidden) + parameters.eps);
    for_lanes(hidden, [&](int64_t i, auto load, auto store) { store(to + i, load(from + i) * factor * (load(weight + i) + offset)); });
}

template <typename T>
void layer_norm(void* out, const void* x, const octavo::cpu::NormParameters& parameters, int64_t hidden) {
    const T* from = static_cast<const T*>(x);
    const T* weight = static_cast<const T*>(parameters.weight);
    const T* bias = static_cast<const T*>(parameters.bias);
    T* to = static_cast<T*>(out);
    const float offset = parameters.weight_offset, size = static_cast<float>(hidden);
    const float mean = sum_over(from, hidden, [](Vec v, Vec, Vec sum) __attribute__((always_inline)) { return sum + v; }) / size;
    const float squares = sum_over(from, hidden, [mean](Vec v, Vec inside, Vec sum) __attribute__((always_inline)) {
        const Vec deviation = (v - mean) * inside;
        return multiply_add(deviation, deviation, sum);
    });
    const float factor = 1.0f / __builtin_sqrtf(squares / size + parameters.eps);
    for_lanes(hidden, [&](int64_t i, auto load, auto store) {
        const Vec normed = (load(from + i) - mean) * factor * (load(weight + i) + offset);
        store(to + i, bias ? normed + load(bias + i) : normed);
    });
}

}  // namespace
