// Ops over single numbers: activations, sums, factors, limits.
#include <cmath>

#include "octavo/step_plan.h"
#include "ops/bytes.h"
#include "ops/ops.h"

namespace octavo::cpu {
namespace {

/** An activation is worth this many copies when work is split. */
constexpr int64_t kActivationCost = 4;

/** log(1 + e^x), whatever x. */
float softplus(float x) { return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }

}  // namespace

void activate(Context& context, int32_t dtype, Activation activation, void* out, const void* x, int64_t tokens, int64_t width) {
    const auto kernel = context.kernels.activations.alone[static_cast<int>(activation)][dtype];
    const int64_t row_bytes = width * dtype::kSizes[dtype];
    for_rows(context, tokens, kActivationCost * width, [&](int64_t begin, int64_t end) {
        kernel(bytes_at(out, begin * row_bytes), bytes_at(x, begin * row_bytes), (end - begin) * width);
    });
}

void gated_activation(Context& context, int32_t dtype, Activation activation, void* out, const void* gate_up, int64_t tokens,
                      int64_t width) {
    const auto kernel = context.kernels.activations.gated[static_cast<int>(activation)][dtype];
    const int64_t row_bytes = width * dtype::kSizes[dtype];
    for_rows(context, tokens, kActivationCost * width, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            const char* gate = bytes_at(gate_up, 2 * t * row_bytes);
            kernel(bytes_at(out, t * row_bytes), gate, gate + row_bytes, width);
        }
    });
}

void add(Context& context, int32_t dtype, void* out, const void* x, int64_t tokens, int64_t hidden) {
    const auto kernel = context.kernels.rows.add[dtype];
    const int64_t row_bytes = hidden * dtype::kSizes[dtype];
    for_rows(context, tokens, hidden, [&](int64_t begin, int64_t end) {
        kernel(bytes_at(out, begin * row_bytes), bytes_at(x, begin * row_bytes), (end - begin) * hidden);
    });
}

void scale(Context& context, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float factor) {
    const auto kernel = context.kernels.rows.scale[dtype];
    const int64_t row_bytes = hidden * dtype::kSizes[dtype];
    for_rows(context, tokens, hidden, [&](int64_t begin, int64_t end) {
        kernel(bytes_at(x, begin * row_bytes), factor, (end - begin) * hidden);
    });
}

void clamp(Context& context, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float limit) {
    const auto kernel = context.kernels.rows.clamp[dtype];
    const int64_t row_bytes = hidden * dtype::kSizes[dtype];
    for_rows(context, tokens, hidden, [&](int64_t begin, int64_t end) {
        kernel(bytes_at(x, begin * row_bytes), limit, (end - begin) * hidden);
    });
}

void xielu(Context& context, int32_t dtype, void* x, const float* alphas, int64_t tokens, int64_t width) {
    const auto kernel = context.kernels.activations.xielu[dtype];
    const int64_t row_bytes = width * dtype::kSizes[dtype];
    const float positive = softplus(alphas[0]), negative = 0.5f + softplus(alphas[1]);
    for_rows(context, tokens, kActivationCost * width, [&](int64_t begin, int64_t end) {
        kernel(bytes_at(x, begin * row_bytes), positive, negative, (end - begin) * width);
    });
}

void softcap(Context& context, float* x, int64_t tokens, int64_t hidden, float cap) {
    for_rows(context, tokens, kActivationCost * hidden, [&](int64_t begin, int64_t end) {
        context.kernels.activations.softcap(x + begin * hidden, cap, (end - begin) * hidden);
    });
}

}  // namespace octavo::cpu
