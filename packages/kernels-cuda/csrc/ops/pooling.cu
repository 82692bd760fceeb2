// One vector of a row's tokens.
#include "kernels/pooling.cuh"

#include "ops/launch.h"
#include "ops/ops.h"

namespace octavo::cuda {

void mean_rows(Stream& stream, const BatchView& batch, float* out, int32_t dtype, const void* x, int64_t tokens, int64_t rows,
               int64_t hidden) {
    const bool packed = in_packs(bits_of(x), hidden * dtype::kSizes[dtype]);
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        constexpr int kWidth = kernels::Pack<T>::kSize;
        const int64_t units = packed ? hidden / kWidth : hidden;
        const dim3 grid(static_cast<unsigned>(rows), blocks_for(units, kernels::kWarp));
        const auto kernel = packed ? kernels::mean_rows<T, kWidth> : kernels::mean_rows<T, 1>;
        kernel<<<grid, kernels::kRowThreads, 0, stream.handle()>>>(out, static_cast<const T*>(x), batch.plan + batch.query_starts, tokens,
                                                                   units, stream.fault());
    });
    check_launch("meanRows");
}

}  // namespace octavo::cuda
