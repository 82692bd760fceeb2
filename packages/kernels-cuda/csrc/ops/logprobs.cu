#include "kernels/logprobs.cuh"

#include "ops/launch.h"

namespace octavo::cuda {

void logprobs(Stream& stream, const Logprobs& out, const float* logits, const int32_t* picked, int64_t samples, int64_t vocabulary) {
    // Ranks are counted in float32.
    constexpr int64_t kMostTokens = int64_t{1} << 24;
    check(vocabulary <= kMostTokens, ErrorCode::kUnsupported, "logprobs: a vocabulary of %lld; the CUDA backend takes at most %lld",
          static_cast<long long>(vocabulary), static_cast<long long>(kMostTokens));
    // Above so many alternatives, one winner after the other takes longer than to sort.
    constexpr int64_t kMostWinners = 64;
    const auto kernel = out.columns - 1 <= kMostWinners ? kernels::logprobs : kernels::sorted_logprobs;
    kernel<<<static_cast<unsigned>(samples), kernels::kSampleThreads, 0, stream.handle()>>>(out, logits, picked, static_cast<int>(vocabulary));
    check_launch("logprobs");
}

}  // namespace octavo::cuda
