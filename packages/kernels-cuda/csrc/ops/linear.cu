// Which linear kernel takes a call.
#include "kernels/linear.cuh"

#include "ops/launch.h"

namespace octavo::cuda {
namespace {

using kernels::LinearCall;

template <typename T>
void launch_few_rows(Stream& stream, const LinearCall& call) {
    constexpr int kOutputs = kernels::kFewRowsThreads / kernels::kWarp * kernels::kFewRowsOutputs;
    const auto kernel = call.rows == 1   ? kernels::linear_few_rows<T, 1>
                        : call.rows == 2 ? kernels::linear_few_rows<T, 2>
                        : call.rows <= 4 ? kernels::linear_few_rows<T, 4>
                                         : kernels::linear_few_rows<T, 8>;
    kernel<<<blocks_for(call.outputs, kOutputs), kernels::kFewRowsThreads, 0, stream.handle()>>>(call);
}

template <typename T>
void launch_mma(Stream& stream, const LinearCall& call) {
    const dim3 grid(blocks_for(call.outputs, kernels::kMmaTile), blocks_for(call.rows, kernels::kMmaTile));
    kernels::linear_mma<T><<<grid, kernels::kMmaThreads, 0, stream.handle()>>>(call);
}

template <typename X, typename W>
void launch_tiled(Stream& stream, const LinearCall& call) {
    const dim3 grid(blocks_for(call.outputs, kernels::kTile), blocks_for(call.rows, kernels::kTile));
    kernels::linear_tiled<X, W><<<grid, kernels::kTileThreads, 0, stream.handle()>>>(call);
}

/** Measured on an H200: cuBLASLt is faster from 2 rows of 16-bit elements on. */
int64_t few_rows(const Stream& stream, const LinearWeight& weight) {
    if (stream.batch_invariant()) return 0;
    return stream.cublas_lt() && weight.dtype != dtype::kFloat32 ? 1 : 8;
}

/** Many rows. @returns false where cuBLASLt is absent or does not take the call */
bool try_cublas_lt(Stream& stream, const LinearWeight& weight, const Linear& a) {
    if (!stream.cublas_lt() || !in_packs(bits_of(a.out))) return false;
    if (weight.bias && a.out_dtype != weight.dtype && a.out_dtype != dtype::kFloat32) return false;
    const void* bias = a.out_dtype == dtype::kFloat32 ? weight.bias : weight.same_bias;
    return stream.cublas_lt()->multiply(stream.handle(), {a.out, a.out_stride, a.out_dtype, a.x, a.x_stride, weight.weight, bias,
                                                          weight.dtype, a.rows, weight.in_features, weight.out_features});
}

}  // namespace

void linear(Stream& stream, const LinearWeight& weight, const Linear& arguments) {
    const int64_t size = dtype::kSizes[weight.dtype];
    const LinearCall call = {arguments.out,
                             arguments.out_stride,
                             arguments.out_dtype,
                             arguments.x,
                             arguments.x_stride,
                             weight.weight,
                             weight.bias,
                             static_cast<int>(arguments.rows),
                             static_cast<int>(weight.in_features),
                             static_cast<int>(weight.out_features)};
    const bool packed = arguments.x_dtype == weight.dtype && in_packs(bits_of(call.x), bits_of(call.weight), call.x_stride * size,
                                                                      weight.in_features * size);
    with_float_type(weight.dtype, [&](auto weight_tag) {
        using W = typename decltype(weight_tag)::Type;
        if (packed && arguments.rows <= few_rows(stream, weight)) return launch_few_rows<W>(stream, call);
        if (packed && try_cublas_lt(stream, weight, arguments)) return;
        if constexpr (sizeof(W) == 2) {
            if (packed) return launch_mma<W>(stream, call);
        }
        with_float_type(arguments.x_dtype, [&](auto x_tag) {
            using X = typename decltype(x_tag)::Type;
            launch_tiled<X, W>(stream, call);
        });
    });
    check_launch("linear");
}

}  // namespace octavo::cuda
