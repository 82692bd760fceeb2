// Activations of single rows, alone and gated.
#pragma once

#include "kernels/kernels.h"
#include "kernels/special.h"
#include "kernels/vec.h"

namespace {

struct Silu {
    static OCTAVO_INLINE Vec of(Vec z) { return z / (exponential(-z) + 1.0f); }
};

struct Gelu {
    static OCTAVO_INLINE Vec of(Vec z) { return z * normal_cdf(z); }
};

/** (1 + tanh(u)) / 2 is 1 / (1 + e^-2u). */
struct GeluTanh {
    static OCTAVO_INLINE Vec of(Vec z) {
        constexpr float kTwiceRoot = 1.5957691216f;  // 2 sqrt(2 / pi)
        return z / (exponential(z * (z * z * 0.044715f + 1.0f) * -kTwiceRoot) + 1.0f);
    }
};

struct Relu {
    static OCTAVO_INLINE Vec of(Vec z) { return select(z <= 0.0f, Vec{}, z); }
};

struct Relu2 {
    static OCTAVO_INLINE Vec of(Vec z) { return Relu::of(z) * Relu::of(z); }
};

struct QuickGelu {
    static OCTAVO_INLINE Vec of(Vec z) { return z / (exponential(z * -1.702f) + 1.0f); }
};

/** e^z - 1 - z for z of at most 0: its series where that would cancel. */
OCTAVO_INLINE Vec exponential_beyond_linear(Vec z) {
    Vec q = broadcast(1.0f / 40320);
    q = multiply_add(q, z, broadcast(1.0f / 5040));
    q = multiply_add(q, z, broadcast(1.0f / 720));
    q = multiply_add(q, z, broadcast(1.0f / 120));
    q = multiply_add(q, z, broadcast(1.0f / 24));
    q = multiply_add(q, z, broadcast(1.0f / 6));
    q = multiply_add(q, z, broadcast(1.0f / 2));
    return select(z > -0.5f, z * z * q, exponential(z) - 1.0f - z);
}

template <typename F>
struct Gated {
    static OCTAVO_INLINE Vec of(Vec gate, Vec up) { return F::of(gate) * up; }
};

struct SwigluOai {
    static OCTAVO_INLINE Vec of(Vec gate, Vec up) {
        const Vec most = broadcast(7.0f);
        gate = select(gate > most, most, gate);
        up = select(up > most, most, select(up < -most, -most, up));
        return (up + 1.0f) * QuickGelu::of(gate);
    }
};

template <typename T, typename F>
void activate(void* out, const void* x, int64_t count) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(out);
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(to + i, F::of(load(from + i))); });
}

template <typename T, typename F>
void gated(void* out, const void* gate, const void* up, int64_t count) {
    const T* gates = static_cast<const T*>(gate);
    const T* ups = static_cast<const T*>(up);
    T* to = static_cast<T*>(out);
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(to + i, F::of(load(gates + i), load(ups + i))); });
}

void softcap(float* x, float cap, int64_t count) {
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(x + i, hyperbolic_tangent(load(x + i) / cap) * cap); });
}

template <typename T>
void xielu(void* x, float positive, float negative, int64_t count) {
    T* values = static_cast<T*>(x);
    for_lanes(count, [&](int64_t i, auto load, auto store) {
        const Vec z = load(values + i);
        const Vec bent = select(z > 0.0f, z * z * positive, exponential_beyond_linear(z) * negative);
        store(values + i, multiply_add(z, broadcast(0.5f), bent));
    });
}

#define OCTAVO_OF_DTYPES(kernel, F) {kernel<float, F>, kernel<Half, F>, kernel<Bfloat16, F>}

octavo::cpu::ActivationKernels activation_kernels() {
    return {{OCTAVO_OF_DTYPES(activate, Silu), OCTAVO_OF_DTYPES(activate, Gelu), OCTAVO_OF_DTYPES(activate, GeluTanh),
             OCTAVO_OF_DTYPES(activate, Relu), OCTAVO_OF_DTYPES(activate, QuickGelu), OCTAVO_OF_DTYPES(activate, Relu2)},
            {OCTAVO_OF_DTYPES(gated, Gated<Silu>), OCTAVO_OF_DTYPES(gated, Gated<Gelu>), OCTAVO_OF_DTYPES(gated, Gated<GeluTanh>),
             OCTAVO_OF_DTYPES(gated, Gated<Relu>), OCTAVO_OF_DTYPES(gated, Gated<QuickGelu>), OCTAVO_OF_DTYPES(gated, Gated<Relu2>),
             OCTAVO_OF_DTYPES(gated, SwigluOai)},
            softcap,
            {xielu<float>, xielu<Half>, xielu<Bfloat16>}};
}

#undef OCTAVO_OF_DTYPES

}  // namespace
