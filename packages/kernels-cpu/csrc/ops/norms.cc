// Norms of rows, each head by itself.
#include "octavo/step_plan.h"
#include "ops/bytes.h"
#include "ops/ops.h"

namespace octavo::cpu {
namespace {

using NormKernel = void (*)(void* out, const void* x, const NormParameters& parameters, int64_t hidden);

void norm(Context& context, const Norm& a, NormKernel kernel) {
    const auto add = context.kernels.rows.add[a.dtype];
    const int64_t size = dtype::kSizes[a.dtype], head_bytes = a.hidden * size;
    for_rows(context, a.tokens, a.heads * a.hidden, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            const char* x = bytes_at(a.x, t * a.x_stride * size);
            if (a.residual != nullptr) {
                char* sum = bytes_at(a.residual, t * head_bytes);
                add(sum, x, a.hidden);
                x = sum;
            }
            char* out = bytes_at(a.out, t * a.out_stride * size);
            for (int64_t head = 0; head < a.heads; head++) {
                const int64_t shift = head * a.weight_stride * size;
                const char* bias = a.bias != nullptr ? bytes_at(a.bias, shift) : nullptr;
                const NormParameters parameters = {bytes_at(a.weight, shift), bias, a.weight_offset, a.eps};
                kernel(out + head * head_bytes, x + head * head_bytes, parameters, a.hidden);
            }
        }
    });
}

}  // namespace

void rms_norm(Context& context, const Norm& arguments) { norm(context, arguments, context.kernels.rows.rms_norm[arguments.dtype]); }

void layer_norm(Context& context, const Norm& arguments) { norm(context, arguments, context.kernels.rows.layer_norm[arguments.dtype]); }

}  // namespace octavo::cpu
