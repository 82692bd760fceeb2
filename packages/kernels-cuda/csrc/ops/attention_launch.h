// Launches of the attention kernels on the tensor cores, for the files that each compile one kind of them.
#pragma once

#include <atomic>
#include <bit>
#include <type_traits>

#include "kernels/attention.cuh"
#include "kernels/attention_decode.cuh"
#include "kernels/attention_prefill.cuh"
#include "ops/launch.h"

namespace octavo::cuda {

inline constexpr int64_t kDecodeSlots = kernels::kDecodeBlocks * kernels::kDecodeHeads;

/** The workspace's parts; the counters come first, because they must stay zero between launches. */
inline kernels::DecodeScratch scratch_of(Stream& stream) {
    int32_t* arrived = static_cast<int32_t*>(stream.workspace());
    float2* softmax = reinterpret_cast<float2*>(arrived + kernels::kDecodeBlocks);
    return {reinterpret_cast<float*>(softmax + kDecodeSlots), softmax, arrived};
}

/** Calls `launch` with a head size as a constant. @returns false for a size without kernels */
template <typename Launch>
bool with_head_dim(int64_t head_dim, Launch launch) {
    switch (head_dim) {
        case 64:
            return launch(std::integral_constant<int, 64>{}), true;
        case 80:
            return launch(std::integral_constant<int, 80>{}), true;
        case 96:
            return launch(std::integral_constant<int, 96>{}), true;
        case 128:
            return launch(std::integral_constant<int, 128>{}), true;
        case 256:
            return launch(std::integral_constant<int, 256>{}), true;
        default:
            return false;
    }
}

/** Lets the kernel have more shared memory than 48 KiB, once for each GPU. */
template <auto kKernel>
void allow_shared(const Stream& stream, size_t bytes) {
    static std::atomic<uint64_t> allowed{0};
    const uint64_t bit = stream.ordinal() < 64 ? uint64_t{1} << stream.ordinal() : 0;
    if (allowed.load() & bit) return;
    const auto attribute = cudaFuncAttributeMaxDynamicSharedMemorySize;
    check_cuda(cudaFuncSetAttribute(kKernel, attribute, static_cast<int>(bytes)), "cudaFuncSetAttribute");
    allowed |= bit;
}

/**
 * Shares that each row's sequence is cut into, so that there are about `blocks` blocks. Of what a captured launch knows: lengths change
 * between replays. A power of two of rows, so that those which a graph adds up to its bucket do not change the bits of the others.
 */
inline int64_t splits_for(int64_t rows, int64_t blocks_of_row, int64_t blocks) {
    const int64_t fitting = blocks / (static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(rows))) * blocks_of_row);
    return fitting < 1 ? 1 : fitting > kernels::kMaxSplits ? kernels::kMaxSplits : fitting;
}

template <typename T, int kDim, kernels::AttentionKind kKind>
void decode(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& a) {
    using Shape = kernels::DecodeShape<kDim>;
    constexpr auto kernel = kernels::attention_decode<T, kDim, kKind>;
    allow_shared<kernel>(stream, Shape::kSharedBytes);
    const int64_t group = a.heads / cache.kv_heads;
    const int64_t head_tiles = (group + kernels::kDecodeHeads - 1) / kernels::kDecodeHeads;
    const int64_t splits = splits_for(a.rows, cache.kv_heads * head_tiles, kernels::kDecodeBlocks);
    const dim3 grid(static_cast<unsigned>(a.rows), static_cast<unsigned>(cache.kv_heads * head_tiles), static_cast<unsigned>(splits));
    kernel<<<grid, Shape::kThreads, Shape::kSharedBytes, stream.handle()>>>(cache, batch, a, static_cast<int>(head_tiles),
                                                                            scratch_of(stream), stream.fault());
}

template <typename T, int kDim, kernels::AttentionKind kKind>
void prefill(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& a,
             const kernels::PromptStrides& strides = {}) {
    using Shape = kernels::PrefillShape<kDim>;
    constexpr auto kernel = kernels::attention_prefill<T, kDim, kKind>;
    allow_shared<kernel>(stream, Shape::kSharedBytes);
    const int64_t tiles = kernels::prefill_tiles(a.tokens, a.rows, a.heads / cache.kv_heads, Shape::kRows);
    const dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(cache.kv_heads));
    kernel<<<grid, kernels::kPrefillThreads, Shape::kSharedBytes, stream.handle()>>>(cache, strides, batch, a, stream.fault());
}

/** Attention over the paged cache. @returns false for a head size without kernels */
template <kernels::AttentionKind kKind>
bool decode_and_prefill(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& a) {
    return with_head_dim(cache.head_dim, [&](auto head_dim) {
        with_float_type(cache.dtype, [&](auto tag) {
            using T = typename decltype(tag)::Type;
            if constexpr (sizeof(T) == 2) {
                // With as many rows as tokens, every row has one.
                if (a.tokens > a.rows) prefill<T, head_dim.value, kKind>(stream, cache, batch, a);
                decode<T, head_dim.value, kKind>(stream, cache, batch, a);
            }
        });
    });
}

/** decode_and_prefill for what is not plain. */
bool attend_with_options(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments);

/** Attention whose values are a part of the keys. @returns false for sizes without a kernel and GPUs without enough shared memory */
bool attend_to_latents(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments);

inline void check_head_dim(int64_t head_dim, int most) {
    check(head_dim <= most, ErrorCode::kUnsupported, "attention heads of %lld: the CUDA backend has at most %d",
          static_cast<long long>(head_dim), most);
}

}  // namespace octavo::cuda
