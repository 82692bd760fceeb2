#include "kernels/sample.cuh"

#include "ops/launch.h"

namespace octavo::cuda {

namespace {

void check_vocabulary(const char* op, int64_t vocabulary) {
    // The sums of weights have room for so many.
    constexpr int64_t kMostTokens = int64_t{1} << 20;
    check(vocabulary <= kMostTokens, ErrorCode::kUnsupported, "%s: a vocabulary of %lld; the CUDA backend takes at most %lld", op,
          static_cast<long long>(vocabulary), static_cast<long long>(kMostTokens));
}

}  // namespace

void sample(Stream& stream, const BatchView& batch, int32_t* tokens, const float* logits, int64_t samples, int64_t vocabulary) {
    check_vocabulary("sample", vocabulary);
    kernels::sample<<<static_cast<unsigned>(samples), kernels::kSampleThreads, 0, stream.handle()>>>(
        batch, tokens, logits, static_cast<int>(vocabulary), stream.fault());
    check_launch("sample");
}

void filter_logits(Stream& stream, const BatchView& batch, float* logits, int64_t samples, int64_t vocabulary) {
    check_vocabulary("filterLogits", vocabulary);
    kernels::filter_logits<<<static_cast<unsigned>(samples), kernels::kSampleThreads, 0, stream.handle()>>>(
        batch, logits, static_cast<int>(vocabulary), stream.fault());
    check_launch("filterLogits");
}

}  // namespace octavo::cuda
