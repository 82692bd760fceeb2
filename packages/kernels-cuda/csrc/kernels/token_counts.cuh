// A row's counts of tokens: sixteen bits each, two in a word (see RecordTables in packages/core/src/batch.ts).
#pragma once

#include <cstdint>

#include "octavo/op_arguments.h"
#include "octavo/step_plan.h"

namespace octavo::cuda::kernels {

/** Bit 15 of a token's count. */
inline constexpr uint32_t kInPrompt = 0x8000;

__device__ inline const uint16_t* counts_of(const RecordTables& tables, int64_t row) {
    return reinterpret_cast<const uint16_t*>(tables.token_counts + row * tables.count_words());
}

/** Counts a token so many times more, up to kMaxTokenCount: a sum that could pass it must not reach the bits above. */
__device__ inline void count_token(const RecordTables& tables, int64_t row, int32_t token, bool in_prompt, uint32_t times) {
    uint32_t* word = reinterpret_cast<uint32_t*>(tables.token_counts + row * tables.count_words()) + token / 2;
    const int shift = token % 2 * 16;
    if (in_prompt) {
        atomicOr(word, kInPrompt << shift);
        return;
    }
    uint32_t seen = __ldcg(word);
    while (true) {
        const uint32_t count = seen >> shift & kMaxTokenCount;
        const uint32_t most = kMaxTokenCount - count;
        const uint32_t added = times < most ? times : most;
        if (added == 0) return;
        const uint32_t found = atomicCAS(word, seen, seen + (added << shift));
        if (found == seen) return;
        seen = found;
    }
}

}  // namespace octavo::cuda::kernels
