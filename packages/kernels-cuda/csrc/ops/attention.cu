#include "kernels/attention.cuh"

#include "ops/launch.h"

namespace octavo::cuda {

void paged_attention(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments) {
    check(cache.head_dim <= kernels::kMaxHeadDim, ErrorCode::kUnsupported, "attention heads of %lld: the CUDA backend has at most %d",
          static_cast<long long>(cache.head_dim), kernels::kMaxHeadDim);
    const dim3 grid(static_cast<unsigned>(arguments.tokens), static_cast<unsigned>(arguments.heads));
    const int64_t row_bytes = cache.head_dim * dtype::kSizes[cache.dtype];
    const bool packed = in_packs(bits_of(cache.keys), row_bytes);
    with_float_type(cache.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        const auto kernel = packed ? kernels::paged_attention<T, true> : kernels::paged_attention<T, false>;
        kernel<<<grid, kernels::kAttentionThreads, 0, stream.handle()>>>(cache, batch, arguments, stream.fault());
    });
    check_launch("pagedAttention");
}

}  // namespace octavo::cuda
