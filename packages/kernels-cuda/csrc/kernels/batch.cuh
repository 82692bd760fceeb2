// Expands the step plan. One block, because the tables must be changed before they are read; a step has a few thousand tokens.
// Every index is checked before it is used, so that a wrong plan is a fault and not damaged memory.
#pragma once

#include "kernels/fault.cuh"
#include "kernels/plan.cuh"
#include "kernels/records.cuh"
#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kBatchThreads = 1024;

__device__ inline bool fits(int64_t offset, int64_t words, int64_t total) {
    return offset >= 0 && words >= 0 && offset <= total && words <= total - offset;
}

/** @tparam kGrouped several groups of layers, each with block tables and slots of its own */
template <bool kGrouped>
__global__ void __launch_bounds__(kBatchThreads) prepare_batch(BatchView batch, RecordTables tables, BatchOutputs outputs, Fault* fault) {
    namespace header = plan_header;
    const int32_t* plan = batch.plan;
    const int thread = static_cast<int>(threadIdx.x);
    if (plan[header::kVersion] != kPlanVersion) {
        if (thread == 0) report(fault, kWrongPlanVersion, plan[header::kVersion]);
        return;
    }
    const int64_t rows = plan[header::kNumRows], tokens = plan[header::kNumTokens], samples = plan[header::kNumSamples];
    constexpr int64_t kWriteWords = kGrouped ? kBlockWriteWords + 1 : kBlockWriteWords;
    const int64_t groups = kGrouped ? outputs.groups : 1;
    const int64_t writes = plan[header::kNumBlockWrites], inits = plan[header::kNumRowInits];
    const int64_t tokens_at = plan[header::kTokensOffset], writes_at = plan[header::kBlockWritesOffset],
                  inits_at = plan[header::kRowInitsOffset];
    const bool valid = rows >= 0 && rows <= batch.max_rows && tokens >= 0 && tokens <= batch.max_tokens && samples >= 0 &&
                       samples <= batch.max_samples && fits(tokens_at, tokens, batch.plan_words) &&
                       fits(writes_at, kWriteWords * writes, batch.plan_words) && fits(inits_at, kRowInitWords * inits, batch.plan_words);
    if (!valid) {
        if (thread == 0) report(fault, kPlanCounts, tokens);
        return;
    }

    for (int64_t i = thread; i < inits * kRowInitWords; i += kBatchThreads) {
        const int64_t row = plan[inits_at + i / kRowInitWords * kRowInitWords + row_init::kRow];
        if (row >= 0 && row < batch.max_rows) {
            batch.sampling[row * kRowInitWords + i % kRowInitWords] = plan[inits_at + i];
        } else {
            report(fault, kPlanRowInit, row);
        }
    }
    for (int64_t i = 0; i < inits; i++) {
        const int32_t* init = plan + inits_at + i * kRowInitWords;
        const int64_t row = init[row_init::kRow];
        if (init[row_init::kFlags] == 0 || row < 0 || row >= batch.max_rows) continue;
        if (tables.vocabulary > 0) {
            empty_row(tables, row, init[row_init::kFlags], {thread, kBatchThreads});
        } else if (thread == 0) {
            report(fault, kPlanRowInit, row);
        }
    }
    for (int64_t i = thread; i < writes; i += kBatchThreads) {
        const int32_t *write = plan + writes_at + kWriteWords * i, row = write[0], index = write[1], block = write[2];
        const int32_t group = kGrouped ? write[3] : 0;
        if (row >= 0 && row < batch.max_rows && index >= 0 && index < batch.max_blocks && block >= 0 && group >= 0 && group < groups) {
            batch.block_tables[(group * batch.max_rows + row) * batch.max_blocks + index] = block;
        } else {
            report(fault, kPlanBlockWrite, row);
        }
    }
    __syncthreads();
    if (plan[header::kNumRecords] > 0) apply_records<kBatchThreads>(batch, tables, fault);

    const int32_t *starts = plan + batch.query_starts, *contexts = plan + batch.context_lens;
    for (int64_t t = thread; t < tokens; t += kBatchThreads) {
        const int64_t entry = entry_of(starts, rows, t);
        const int64_t row = plan[batch.row_ids + entry];
        const int64_t position = contexts[entry] + t - starts[entry];
        if (row < 0 || row >= batch.max_rows || position < 0 || position >= batch.max_blocks * batch.block_size) {
            report(fault, kPlanEntry, row);
            continue;
        }
        const int32_t token = plan[tokens_at + t];
        const int32_t* parameters = batch.sampling + row * kRowInitWords;
        outputs.input_ids[t] = token == kLastSampled ? batch.last_tokens[row] : token;
        outputs.positions[t] = static_cast<int32_t>(position) + parameters[row_init::kRopeOffset];
        if (token == kLastSampled && parameters[row_init::kFlags] & row_flags::kHistory) {
            remember_token(tables, row, position, parameters[row_init::kPromptLength], batch.last_tokens[row], fault);
        }
        for (int64_t group = 0; group < groups; group++) {
            const int64_t block = batch.block_tables[(group * batch.max_rows + row) * batch.max_blocks + position / batch.block_size];
            outputs.slots[group * batch.max_tokens + t] = static_cast<int32_t>(block * batch.block_size + position % batch.block_size);
        }
    }
    for (int64_t s = thread; s < samples; s += kBatchThreads) {
        const int64_t entry = plan[batch.sample_rows + s];
        const int32_t token = plan[batch.sample_tokens + s];
        if (entry < 0 || entry >= rows || token < starts[entry] || token >= starts[entry + 1]) report(fault, kPlanSample, entry);
    }
}

}  // namespace octavo::cuda::kernels
