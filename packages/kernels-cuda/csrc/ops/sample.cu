#include "kernels/sample.cuh"

#include "ops/launch.h"

namespace octavo::cuda {

void sample(Stream& stream, const BatchView& batch, int32_t* tokens, const float* logits, int64_t samples, int64_t vocabulary) {
    // The sums of weights have room for so many.
    constexpr int64_t kMostTokens = int64_t{1} << 20;
    check(vocabulary <= kMostTokens, ErrorCode::kUnsupported, "sample: a vocabulary of %lld; the CUDA backend takes at most %lld",
          static_cast<long long>(vocabulary), static_cast<long long>(kMostTokens));
    kernels::sample<<<static_cast<unsigned>(samples), kernels::kSampleThreads, 0, stream.handle()>>>(
        batch, tokens, logits, static_cast<int>(vocabulary), stream.fault());
    check_launch("sample");
}

}  // namespace octavo::cuda
