// Attention over latents on the tensor cores: a file of its own, because it takes long to compile.
#include "kernels/attention_latent.cuh"
#include "ops/attention_launch.h"

namespace octavo::cuda {
namespace {

/** DeepSeek V2 and V3, Kimi K2: 64 numbers that turn and a latent of 512. */
constexpr int kDim = 576, kValueDim = 512;
using Shape = kernels::LatentShape<kDim, kValueDim>;

// Splits times queries fit what the workspace has for ordinary heads.
static_assert(kernels::kLatentBlocks * Shape::kRows * kValueDim <= kDecodeSlots * kernels::kMaxHeadDim);
static_assert(kernels::kLatentBlocks * Shape::kRows <= kDecodeSlots && kernels::kLatentBlocks <= kernels::kDecodeBlocks);

template <typename T, bool kDecode>
void launch(Stream& stream, dim3 grid, const PagedCache& cache, const BatchView& batch, const PagedAttention& a, int value_at,
            int64_t head_tiles) {
    constexpr auto kernel = kernels::attention_latent<T, kDim, kValueDim, kDecode>;
    allow_shared<kernel>(stream, Shape::kSharedBytes);
    kernel<<<grid, kernels::kLatentThreads, Shape::kSharedBytes, stream.handle()>>>(cache, batch, a, value_at, static_cast<int>(head_tiles),
                                                                                    scratch_of(stream), stream.fault());
}

template <typename T>
void attend(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& a, int value_at) {
    const int64_t group = a.heads / cache.kv_heads, head_tiles = (group + Shape::kRows - 1) / Shape::kRows;
    const auto kv_heads = static_cast<unsigned>(cache.kv_heads);
    // With as many rows as tokens, every row has one.
    if (a.tokens > a.rows) {
        const auto tiles = static_cast<unsigned>(kernels::prefill_tiles(a.tokens, a.rows, group, Shape::kRows));
        launch<T, false>(stream, dim3(tiles, kv_heads), cache, batch, a, value_at, head_tiles);
    }
    const auto splits = static_cast<unsigned>(splits_for(a.rows, cache.kv_heads * head_tiles, kernels::kLatentBlocks));
    launch<T, true>(stream, dim3(static_cast<unsigned>(a.rows * head_tiles), kv_heads, splits), cache, batch, a, value_at, head_tiles);
}

}  // namespace

bool attend_to_latents(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& a) {
    const int64_t value_at = static_cast<const char*>(cache.values) - static_cast<const char*>(cache.keys);
    const bool is_inside = value_at >= 0 && value_at % 16 == 0 && value_at / 2 + kValueDim <= kDim;
    const bool has_sizes = cache.head_dim == kDim && cache.value_dim == kValueDim && cache.value_stride == kDim;
    if (!is_inside || !has_sizes || !a.options.is_plain() || Shape::kSharedBytes > stream.most_shared_bytes()) return false;
    with_float_type(cache.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        if constexpr (sizeof(T) == 2) attend<T>(stream, cache, batch, a, static_cast<int>(value_at / 2));
    });
    return true;
}

}  // namespace octavo::cuda
