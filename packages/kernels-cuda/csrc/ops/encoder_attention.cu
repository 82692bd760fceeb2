// Attention of whole prompts without a cache: the kernels of prompts where dtype, head size and alignment fit, the plain one else.
#include "ops/attention_launch.h"

namespace octavo::cuda {
namespace {

/** @returns whether the tensor-core kernels took the call */
bool on_tensor_cores(Stream& stream, const BatchView& batch, const EncoderAttention& a) {
    if (stream.batch_invariant() || a.rows < 1 || a.dtype == dtype::kFloat32) return false;
    const bool packed = in_packs(bits_of(a.k), bits_of(a.v), bits_of(a.q), bits_of(a.out), 2 * a.k_stride, 2 * a.v_stride,
                                 2 * a.q_stride, 2 * a.out_stride);
    if (!packed) return false;
    // The prompt's own keys as if they were a cache of one block for each token.
    const PagedCache cache = {const_cast<void*>(a.k), const_cast<void*>(a.v), a.dtype, a.tokens, a.kv_heads, 1, a.head_dim, a.head_dim, a.head_dim};
    const PagedAttention queries = {a.out, a.out_stride, a.q, a.q_stride, a.heads, a.tokens, a.rows, a.options};
    return with_head_dim(a.head_dim, [&](auto head_dim) {
        with_float_type(a.dtype, [&](auto tag) {
            using T = typename decltype(tag)::Type;
            if constexpr (sizeof(T) == 2) {
                prefill<T, head_dim.value, kernels::AttentionKind::kEncoder>(stream, cache, batch, queries, {a.k_stride, a.v_stride});
            }
        });
    });
}

void one_by_one(Stream& stream, const BatchView& batch, const EncoderAttention& a) {
    check_head_dim(a.head_dim, kernels::kMaxHeadDim);
    const dim3 grid(static_cast<unsigned>(a.tokens), static_cast<unsigned>(a.heads));
    const int64_t size = dtype::kSizes[a.dtype];
    const bool packed = in_packs(bits_of(a.k), a.k_stride * size, a.head_dim * size);
    with_float_type(a.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        const auto kernel = packed ? kernels::encoder_attention<T, true> : kernels::encoder_attention<T, false>;
        kernel<<<grid, kernels::kAttentionThreads, 0, stream.handle()>>>(batch, a, stream.fault());
    });
}

}  // namespace

void encoder_attention(Stream& stream, const BatchView& batch, const EncoderAttention& arguments) {
    if (!on_tensor_cores(stream, batch, arguments)) one_by_one(stream, batch, arguments);
    check_launch("encoderAttention");
}

}  // namespace octavo::cuda
