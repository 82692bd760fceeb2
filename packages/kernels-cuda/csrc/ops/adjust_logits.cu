#include "kernels/adjust_logits.cuh"

#include "ops/launch.h"

namespace octavo::cuda {

void adjust_logits(Stream& stream, const BatchView& batch, const RecordTables& tables, const int32_t* input_ids, float* logits,
                   int64_t samples) {
    // Tokens are counted in int, and twice a token is.
    constexpr int64_t kMostTokens = int64_t{1} << 24;
    check(samples <= batch.max_samples && tables.vocabulary > 0 && tables.vocabulary <= kMostTokens, ErrorCode::kUnsupported,
          "adjustLogits: %lld samples of at most %lld, a vocabulary of %lld of at most %lld", static_cast<long long>(samples),
          static_cast<long long>(batch.max_samples), static_cast<long long>(tables.vocabulary), static_cast<long long>(kMostTokens));
    const unsigned parts = blocks_for(tables.vocabulary, kernels::kAdjustTokens);
    kernels::adjust_logits<<<static_cast<unsigned>(samples) * parts, kernels::kAdjustThreads, 0, stream.handle()>>>(
        batch, tables, input_ids, logits, static_cast<int>(parts), stream.fault());
    check_launch("adjustLogits");
}

}  // namespace octavo::cuda
