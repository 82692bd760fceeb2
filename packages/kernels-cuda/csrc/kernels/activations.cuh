// Kernels over single numbers: activations alone and gated, sums, factors.
#pragma once

#include "kernels/element.cuh"

namespace octavo::cuda::kernels {

struct Silu {
    __device__ float operator()(float z) const { return z / (1.0f + expf(-z)); }
};

struct Gelu {
    __device__ float operator()(float z) const { return z * normcdff(z); }
};

/** (1 + tanh(u)) / 2 is 1 / (1 + e^-2u). */
struct GeluTanh {
    __device__ float operator()(float z) const {
        constexpr float kTwiceRoot = 1.5957691216f;  // 2 sqrt(2 / pi)
        return z / (1.0f + expf(-kTwiceRoot * (z * (z * z * 0.044715f + 1.0f))));
    }
};

struct Relu {
    __device__ float operator()(float z) const { return z <= 0.0f ? 0.0f : z; }
};

struct Relu2 {
    __device__ float operator()(float z) const { return Relu{}(z) * Relu{}(z); }
};

struct QuickGelu {
    __device__ float operator()(float z) const { return z / (1.0f + expf(-1.702f * z)); }
};

template <typename F>
struct Gated {
    __device__ float operator()(float gate, float up) const { return F{}(gate) * up; }
};

struct SwigluOai {
    __device__ float operator()(float gate, float up) const {
        gate = gate > 7.0f ? 7.0f : gate;
        up = up > 7.0f ? 7.0f : up < -7.0f ? -7.0f : up;
        return (up + 1.0f) * QuickGelu{}(gate);
    }
};

struct Scale {
    float factor;
    __device__ float operator()(float x) const { return x * factor; }
};

struct Clamp {
    float limit;
    __device__ float operator()(float x) const { return x > limit ? limit : x < -limit ? -limit : x; }
};

struct Softcap {
    float cap;
    __device__ float operator()(float x) const { return cap * tanhf(x / cap); }
};

/** log(1 + e^x), whatever x. */
__device__ inline float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }

/** The series of e^z - 1 - z where z is near 0, for that would cancel. */
struct Xielu {
    const float* alphas;
    __device__ float operator()(float z) const {
        if (z > 0.0f) return softplus(__ldg(alphas)) * z * z + 0.5f * z;
        float q = 1.0f / 40320;
        q = q * z + 1.0f / 5040;
        q = q * z + 1.0f / 720;
        q = q * z + 1.0f / 120;
        q = q * z + 1.0f / 24;
        q = q * z + 1.0f / 6;
        q = q * z + 1.0f / 2;
        const float beyond = z > -0.5f ? z * z * q : expm1f(z) - z;
        return (0.5f + softplus(__ldg(alphas + 1))) * beyond + 0.5f * z;
    }
};

/** out = f(x) for units of kWidth elements, one a thread. `out` may be `x`. */
template <typename T, typename F, int kWidth>
__global__ void __launch_bounds__(kRowThreads) map(T* out, const T* x, int64_t units, F f) {
    using Unit = Elements<T, kWidth>;
    const int64_t i = static_cast<int64_t>(blockIdx.x) * kRowThreads + threadIdx.x;
    if (i >= units) return;
    Unit unit = reinterpret_cast<const Unit*>(x)[i];
#pragma unroll
    for (int j = 0; j < kWidth; j++) unit.values[j] = from_float<T>(f(to_float(unit.values[j])));
    reinterpret_cast<Unit*>(out)[i] = unit;
}

/** out += x for units of kWidth elements, one a thread. */
template <typename T, int kWidth>
__global__ void __launch_bounds__(kRowThreads) add(T* out, const T* x, int64_t units) {
    using Unit = Elements<T, kWidth>;
    const int64_t i = static_cast<int64_t>(blockIdx.x) * kRowThreads + threadIdx.x;
    if (i >= units) return;
    Unit unit = reinterpret_cast<const Unit*>(out)[i];
    const Unit added = reinterpret_cast<const Unit*>(x)[i];
#pragma unroll
    for (int j = 0; j < kWidth; j++) unit.values[j] = from_float<T>(to_float(unit.values[j]) + to_float(added.values[j]));
    reinterpret_cast<Unit*>(out)[i] = unit;
}

/** out = f(gate, up), `units` of kWidth elements a row. */
template <typename T, typename F, int kWidth>
__global__ void __launch_bounds__(kRowThreads) gated(T* out, const T* gate_up, int64_t units) {
    using Unit = Elements<T, kWidth>;
    const int64_t row = blockIdx.x;
    const int64_t i = static_cast<int64_t>(blockIdx.y) * kRowThreads + threadIdx.x;
    if (i >= units) return;
    const Unit gates = reinterpret_cast<const Unit*>(gate_up)[2 * row * units + i];
    Unit result = reinterpret_cast<const Unit*>(gate_up)[(2 * row + 1) * units + i];
#pragma unroll
    for (int j = 0; j < kWidth; j++) {
        result.values[j] = from_float<T>(F{}(to_float(gates.values[j]), to_float(result.values[j])));
    }
    reinterpret_cast<Unit*>(out)[row * units + i] = result;
}

}  // namespace octavo::cuda::kernels
