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

#define OCTAVO_OF_DTYPES(kernel, F) {kernel<float, F>, kernel<Half, F>, kernel<Bfloat16, F>}

octavo::cpu::ActivationKernels activation_kernels() {
    return {{OCTAVO_OF_DTYPES(activate, Silu), OCTAVO_OF_DTYPES(activate, Gelu), OCTAVO_OF_DTYPES(activate, GeluTanh),
             OCTAVO_OF_DTYPES(activate, Relu), OCTAVO_OF_DTYPES(activate, QuickGelu), OCTAVO_OF_DTYPES(activate, Relu2)},
            {OCTAVO_OF_DTYPES(gated, Gated<Silu>), OCTAVO_OF_DTYPES(gated, Gated<Gelu>), OCTAVO_OF_DTYPES(gated, Gated<GeluTanh>),
             OCTAVO_OF_DTYPES(gated, Gated<Relu>), OCTAVO_OF_DTYPES(gated, Gated<QuickGelu>), OCTAVO_OF_DTYPES(gated, Gated<Relu2>),
             OCTAVO_OF_DTYPES(gated, SwigluOai)},
            softcap};
}

#undef OCTAVO_OF_DTYPES

}  // namespace
