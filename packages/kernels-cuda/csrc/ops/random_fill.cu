// Random fills, for dummy weights.
#include <algorithm>

#include "kernels/random_fill.cuh"
#include "ops/launch.h"

namespace octavo::cuda {

void fill_random(Stream& stream, void* out, int32_t dtype, const RandomFill& fill, int64_t count) {
    constexpr int64_t kMostBlocks = 8192, kBlockElements = 4 * kernels::kFillThreads;
    if (count == 0) return;
    const unsigned blocks = static_cast<unsigned>(std::min(kMostBlocks, (count + kBlockElements - 1) / kBlockElements));
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        kernels::fill_random<T><<<blocks, kernels::kFillThreads, 0, stream.handle()>>>(static_cast<T*>(out), fill, count);
    });
    check_launch("fillRandom");
}

}  // namespace octavo::cuda
