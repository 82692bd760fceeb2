// Kernels over single rows: sums, limits, rotary embedding, conversion; norms.h has the norms. All are bound by memory.
#pragma once

#include "kernels/kernels.h"
#include "kernels/norms.h"
#include "kernels/vec.h"

namespace {

template <typename T>
void add(void* out, const void* x, int64_t count) {
    T* sums = static_cast<T*>(out);
    const T* added = static_cast<const T*>(x);
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(sums + i, load(sums + i) + load(added + i)); });
}

template <typename T>
void accumulate(float* sums, const void* x, int64_t count) {
    const T* added = static_cast<const T*>(x);
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(sums + i, load(sums + i) + load(added + i)); });
}

template <typename T>
void scale(void* x, float factor, int64_t count) {
    T* values = static_cast<T*>(x);
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(values + i, load(values + i) * factor); });
}

template <typename T>
void clamp(void* x, float limit, int64_t count) {
    T* values = static_cast<T*>(x);
    const Vec most = broadcast(limit), least = broadcast(-limit);
    for_lanes(count, [&](int64_t i, auto load, auto store) {
        const Vec value = load(values + i);
        store(values + i, select(value > most, most, select(value < least, least, value)));
    });
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
            {layer_norm<float>, layer_norm<Half>, layer_norm<Bfloat16>},
            {add<float>, add<Half>, add<Bfloat16>},
            {accumulate<float>, accumulate<Half>, accumulate<Bfloat16>},
            {scale<float>, scale<Half>, scale<Bfloat16>},
            {clamp<float>, clamp<Half>, clamp<Bfloat16>},
            {rope<float>, rope<Half>, rope<Bfloat16>},
            {to_float<float>, to_float<Half>, to_float<Bfloat16>},
            {from_float<float>, from_float<Half>, from_float<Bfloat16>}};
}

}  // namespace
