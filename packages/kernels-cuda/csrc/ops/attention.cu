// Chooses among the attention kernels: those on the tensor cores where dtype, head size and alignment fit, the plain one else
// and where a row's bits must not depend on the launch.
#include "ops/attention_launch.h"

namespace octavo::cuda {
namespace {

/** @returns whether the tensor-core kernels took the call */
bool on_tensor_cores(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& a) {
    const int64_t cache_rows = cache.blocks * cache.kv_heads * cache.block_size;
    // Scores are compared before they are scaled, and the cache's rows counted in 32 bits.
    if (stream.batch_invariant() || a.rows < 1 || cache.dtype == dtype::kFloat32 || !(a.options.scale > 0) || cache_rows > INT32_MAX) return false;
    if (!in_packs(bits_of(cache.keys), bits_of(cache.values), bits_of(a.q), bits_of(a.out), 2 * a.q_stride, 2 * a.out_stride)) return false;
    if (!cache.is_plain()) return attend_to_latents(stream, cache, batch, a);
    if (!a.options.is_plain()) return attend_with_options(stream, cache, batch, a);
    return decode_and_prefill<kernels::AttentionKind::kPlain>(stream, cache, batch, a);
}

void one_by_one(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments) {
    check_head_dim(cache.head_dim, kernels::kMaxLatentDim);
    const dim3 grid(static_cast<unsigned>(arguments.tokens), static_cast<unsigned>(arguments.heads));
    const int64_t row_bytes = cache.head_dim * dtype::kSizes[cache.dtype];
    const bool packed = in_packs(bits_of(cache.keys), row_bytes);
    with_float_type(cache.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        constexpr int kUsual = kernels::kMaxHeadDim, kLatent = kernels::kMaxLatentDim;
        const auto usual = packed ? kernels::paged_attention<T, true, kUsual> : kernels::paged_attention<T, false, kUsual>;
        const auto latent = packed ? kernels::paged_attention<T, true, kLatent> : kernels::paged_attention<T, false, kLatent>;
        const auto kernel = cache.head_dim > kUsual ? latent : usual;
        kernel<<<grid, kernels::kAttentionThreads, 0, stream.handle()>>>(cache, batch, arguments, stream.fault());
    });
}

}  // namespace

size_t attention_workspace_bytes() {
    return kernels::kDecodeBlocks * sizeof(int32_t) + kDecodeSlots * (sizeof(float2) + kernels::kMaxHeadDim * sizeof(float));
}

void paged_attention(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments) {
    if (!on_tensor_cores(stream, cache, batch, arguments)) one_by_one(stream, cache, batch, arguments);
    check_launch("pagedAttention");
}

}  // namespace octavo::cuda
