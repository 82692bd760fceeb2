// Norms of rows and heads.
#include "kernels/norm.cuh"

#include "ops/launch.h"

namespace octavo::cuda {

using kernels::kRowThreads;
using kernels::kWarp;
using kernels::NormKind;

namespace {

/** Units up to which a warp is enough for a row: a block would mostly wait. */
constexpr int64_t kWarpUnits = 2 * kWarp;

template <typename T, NormKind kKind, int kWidth>
void launch_norm(Stream& stream, Norm a) {
    a.x_stride /= kWidth;
    a.out_stride /= kWidth;
    a.weight_stride /= kWidth;
    const dim3 block_each(static_cast<unsigned>(a.tokens), static_cast<unsigned>(a.heads));
    if (a.residual != nullptr) {
        kernels::norm<T, kKind, true, kWidth, kRowThreads><<<block_each, kRowThreads, 0, stream.handle()>>>(a);
    } else if (a.hidden / kWidth <= kWarpUnits) {
        const unsigned blocks = blocks_for(a.tokens * a.heads, kRowThreads / kWarp);
        kernels::norm<T, kKind, false, kWidth, kWarp><<<blocks, kRowThreads, 0, stream.handle()>>>(a);
    } else {
        kernels::norm<T, kKind, false, kWidth, kRowThreads><<<block_each, kRowThreads, 0, stream.handle()>>>(a);
    }
}

template <NormKind kKind>
void launch_norm(Stream& stream, const Norm& a) {
    const int64_t size = dtype::kSizes[a.dtype];
    const bool packed = in_packs(bits_of(a.out), bits_of(a.residual), bits_of(a.x), bits_of(a.weight), bits_of(a.bias), a.out_stride * size,
                                 a.x_stride * size, a.hidden * size);
    with_float_type(a.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        if (packed) {
            launch_norm<T, kKind, kernels::Pack<T>::kSize>(stream, a);
        } else {
            launch_norm<T, kKind, 1>(stream, a);
        }
    });
}

}  // namespace

void rms_norm(Stream& stream, const Norm& arguments) {
    launch_norm<NormKind::kRms>(stream, arguments);
    check_launch("rmsNorm");
}

void layer_norm(Stream& stream, const Norm& arguments) {
    launch_norm<NormKind::kLayer>(stream, arguments);
    check_launch("layerNorm");
}

}  // namespace octavo::cuda
