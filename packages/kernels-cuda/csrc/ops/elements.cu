// Ops over single numbers: activations, sums, factors, limits.
#include "kernels/activations.cuh"
#include "ops/launch.h"
#include "ops/ops.h"

namespace octavo::cuda {

using kernels::kRowThreads;

namespace {

/** Calls `launch(F{})` for the function of an activation that needs no gate. */
template <typename Launch>
void with_activation(Activation activation, Launch launch) {
    switch (activation) {
        case Activation::kSilu:
            return launch(kernels::Silu{});
        case Activation::kGelu:
            return launch(kernels::Gelu{});
        case Activation::kGeluTanh:
            return launch(kernels::GeluTanh{});
        case Activation::kRelu:
            return launch(kernels::Relu{});
        case Activation::kQuickGelu:
            return launch(kernels::QuickGelu{});
        case Activation::kRelu2:
            return launch(kernels::Relu2{});
        default:
            fail(ErrorCode::kInternal, "there is no activation of code %d", static_cast<int>(activation));
    }
}

template <typename T, typename F>
void launch_map(Stream& stream, void* out, const void* x, int64_t count, F f) {
    constexpr int kWidth = kernels::Pack<T>::kSize;
    const bool packed = in_packs(bits_of(out), bits_of(x), count * static_cast<int64_t>(sizeof(T)));
    const int64_t units = packed ? count / kWidth : count;
    const auto kernel = packed ? kernels::map<T, F, kWidth> : kernels::map<T, F, 1>;
    kernel<<<blocks_for(units, kRowThreads), kRowThreads, 0, stream.handle()>>>(static_cast<T*>(out), static_cast<const T*>(x), units, f);
}

template <typename T, typename F>
void launch_gated(Stream& stream, void* out, const void* gate_up, int64_t tokens, int64_t width) {
    constexpr int kWidth = kernels::Pack<T>::kSize;
    const bool packed = in_packs(bits_of(out), bits_of(gate_up), width * static_cast<int64_t>(sizeof(T)));
    const int64_t units = packed ? width / kWidth : width;
    const dim3 grid(static_cast<unsigned>(tokens), blocks_for(units, kRowThreads));
    const auto kernel = packed ? kernels::gated<T, F, kWidth> : kernels::gated<T, F, 1>;
    kernel<<<grid, kRowThreads, 0, stream.handle()>>>(static_cast<T*>(out), static_cast<const T*>(gate_up), units);
}

}  // namespace

void activate(Stream& stream, int32_t dtype, Activation activation, void* out, const void* x, int64_t tokens, int64_t width) {
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        with_activation(activation, [&](auto f) { launch_map<T>(stream, out, x, tokens * width, f); });
    });
    check_launch("activate");
}

void gated_activation(Stream& stream, int32_t dtype, Activation activation, void* out, const void* gate_up, int64_t tokens,
                      int64_t width) {
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        if (activation == Activation::kSwigluOai) {
            launch_gated<T, kernels::SwigluOai>(stream, out, gate_up, tokens, width);
        } else {
            with_activation(activation, [&](auto f) {
                launch_gated<T, kernels::Gated<decltype(f)>>(stream, out, gate_up, tokens, width);
            });
        }
    });
    check_launch("gatedActivation");
}

void add(Stream& stream, int32_t dtype, void* out, const void* x, int64_t tokens, int64_t hidden) {
    const int64_t count = tokens * hidden;
    const bool packed = in_packs(bits_of(out), bits_of(x), count * dtype::kSizes[dtype]);
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        constexpr int kWidth = kernels::Pack<T>::kSize;
        const int64_t units = packed ? count / kWidth : count;
        const auto kernel = packed ? kernels::add<T, kWidth> : kernels::add<T, 1>;
        kernel<<<blocks_for(units, kRowThreads), kRowThreads, 0, stream.handle()>>>(static_cast<T*>(out), static_cast<const T*>(x), units);
    });
    check_launch("add");
}

void scale(Stream& stream, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float factor) {
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        launch_map<T>(stream, x, x, tokens * hidden, kernels::Scale{factor});
    });
    check_launch("scale");
}

void clamp(Stream& stream, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float limit) {
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        launch_map<T>(stream, x, x, tokens * hidden, kernels::Clamp{limit});
    });
    check_launch("clamp");
}

void xielu(Stream& stream, int32_t dtype, void* x, const float* alphas, int64_t tokens, int64_t width) {
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        launch_map<T>(stream, x, x, tokens * width, kernels::Xielu{alphas});
    });
    check_launch("xielu");
}

void softcap(Stream& stream, float* x, int64_t tokens, int64_t hidden, float cap) {
    launch_map<float>(stream, x, x, tokens * hidden, kernels::Softcap{cap});
    check_launch("softcap");
}

}  // namespace octavo::cuda
