// Expands the step plan into what the other ops read. The plan is checked as a whole before anything is written, so that a
// wrong one is an error and not damaged memory.
#include <cstring>

#include "octavo/step_plan.h"
#include "ops/ops.h"
#include "ops/records.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

struct Sections {
    int64_t rows, tokens, samples, writes, inits;
    const int32_t *token_ids, *block_writes, *row_inits;
};

bool fits(int64_t offset, int64_t words, int64_t total) { return offset >= 0 && words >= 0 && offset <= total && words <= total - offset; }

Sections read_header(const BatchView& batch, int64_t write_words) {
    namespace header = plan_header;
    const int32_t* plan = batch.plan;
    check(plan[header::kVersion] == kPlanVersion, ErrorCode::kInternal, "the step plan has version %d, this backend reads %d",
          plan[header::kVersion], kPlanVersion);
    Sections s;
    s.rows = plan[header::kNumRows];
    s.tokens = plan[header::kNumTokens];
    s.samples = plan[header::kNumSamples];
    s.writes = plan[header::kNumBlockWrites];
    s.inits = plan[header::kNumRowInits];
    check(s.rows >= 0 && s.rows <= batch.max_rows && s.tokens >= 0 && s.tokens <= batch.max_tokens && s.samples >= 0 && s.samples <= batch.max_samples,
          ErrorCode::kInternal, "the step plan counts %lld rows, %lld tokens, %lld samples; its layout holds %lld rows and %lld tokens",
          static_cast<long long>(s.rows), static_cast<long long>(s.tokens), static_cast<long long>(s.samples),
          static_cast<long long>(batch.max_rows), static_cast<long long>(batch.max_tokens));
    const int64_t tokens_at = plan[header::kTokensOffset], writes_at = plan[header::kBlockWritesOffset], inits_at = plan[header::kRowInitsOffset];
    check(fits(tokens_at, s.tokens, batch.plan_words) && fits(writes_at, write_words * s.writes, batch.plan_words) &&
              fits(inits_at, kRowInitWords * s.inits, batch.plan_words),
          ErrorCode::kInternal, "a section of the step plan (tokens %lld, block writes %lld, row inits %lld) ends after its %lld words",
          static_cast<long long>(tokens_at), static_cast<long long>(writes_at), static_cast<long long>(inits_at),
          static_cast<long long>(batch.plan_words));
    s.token_ids = plan + tokens_at;
    s.block_writes = plan + writes_at;
    s.row_inits = plan + inits_at;
    return s;
}

void check_sections(const BatchView& batch, const RecordTables& tables, const BatchOutputs& outputs, const Sections& s) {
    const long long max_rows = batch.max_rows, max_blocks = batch.max_blocks;
    for (int64_t i = 0; i < s.inits; i++) {
        const int32_t row = s.row_inits[i * kRowInitWords + row_init::kRow];
        check(row >= 0 && row < batch.max_rows, ErrorCode::kInternal, "row init %lld names row %d of %lld", static_cast<long long>(i), row,
              max_rows);
        const int32_t flags = s.row_inits[i * kRowInitWords + row_init::kFlags];
        check(flags == 0 || tables.vocabulary > 0, ErrorCode::kInternal, "row init %lld has flags %d, the batch no tables of records",
              static_cast<long long>(i), flags);
    }
    for (int64_t i = 0; i < s.writes; i++) {
        const int32_t *write = s.block_writes + outputs.write_words() * i, row = write[0], index = write[1], block = write[2];
        const int32_t group = outputs.groups == 1 ? 0 : write[3];
        check(row >= 0 && row < batch.max_rows && index >= 0 && index < batch.max_blocks && block >= 0 && group >= 0 && group < outputs.groups,
              ErrorCode::kInternal, "block write %lld (group %d, row %d, index %d, block %d) is outside of the tables [%lld, %lld, %lld]",
              static_cast<long long>(i), group, row, index, block, static_cast<long long>(outputs.groups), max_rows, max_blocks);
    }
    const int32_t *starts = batch.plan + batch.query_starts, *contexts = batch.plan + batch.context_lens;
    check(s.rows == 0 || starts[0] == 0, ErrorCode::kInternal, "the first query starts at %d", starts[0]);
    for (int64_t i = 0; i < s.rows; i++) {
        const int64_t row = batch.plan[batch.row_ids + i];
        const int64_t begin = starts[i], end = starts[i + 1], length = contexts[i] + (end - begin);
        check(row >= 0 && row < batch.max_rows && begin <= end && end <= s.tokens && contexts[i] >= 0 &&
                  length <= batch.max_blocks * batch.block_size,
              ErrorCode::kInternal, "plan entry %lld (row %lld of %lld, tokens [%lld, %lld) of %lld, context %d, %lld blocks of %lld) is invalid",
              static_cast<long long>(i), static_cast<long long>(row), max_rows, static_cast<long long>(begin), static_cast<long long>(end),
              static_cast<long long>(s.tokens), contexts[i], max_blocks, static_cast<long long>(batch.block_size));
    }
    check(starts[s.rows] == s.tokens || s.rows == 0, ErrorCode::kInternal, "the rows of the plan cover %d of its %lld tokens",
          starts[s.rows], static_cast<long long>(s.tokens));
    for (int64_t i = 0; i < s.samples; i++) {
        const int32_t entry = batch.plan[batch.sample_rows + i];
        const int32_t token = batch.plan[batch.sample_tokens + i];
        check(entry >= 0 && entry < s.rows && starts[entry] <= token && token < starts[entry + 1], ErrorCode::kInternal,
              "sample %lld names entry %d of %lld and token %d, which is not one of its tokens", static_cast<long long>(i), entry,
              static_cast<long long>(s.rows), token);
    }
}

}  // namespace

void prepare_batch(Context&, const BatchView& batch, const RecordTables& tables, const BatchOutputs& outputs) {
    const Sections s = read_header(batch, outputs.write_words());
    check_sections(batch, tables, outputs, s);
    check_records(batch, tables);
    for (int64_t i = 0; i < s.inits; i++) {
        const int32_t* record = s.row_inits + i * kRowInitWords;
        memcpy(batch.sampling + record[row_init::kRow] * kRowInitWords, record, kRowInitWords * sizeof(int32_t));
        empty_row(tables, record[row_init::kRow], record[row_init::kFlags]);
    }
    for (int64_t i = 0; i < s.writes; i++) {
        const int32_t* write = s.block_writes + outputs.write_words() * i;
        const int64_t group = outputs.groups == 1 ? 0 : write[3];
        batch.block_tables[(group * batch.max_rows + write[0]) * batch.max_blocks + write[1]] = write[2];
    }
    apply_records(batch, tables);
    const int32_t *starts = batch.plan + batch.query_starts, *contexts = batch.plan + batch.context_lens;
    for (int64_t i = 0; i < s.rows; i++) {
        const int64_t row = batch.plan[batch.row_ids + i];
        const int64_t rope_offset = batch.sampling[row * kRowInitWords + row_init::kRopeOffset];
        for (int64_t t = starts[i]; t < starts[i + 1]; t++) {
            const int64_t position = contexts[i] + t - starts[i];
            const int32_t token = s.token_ids[t];
            outputs.input_ids[t] = token == kLastSampled ? batch.last_tokens[row] : token;
            if (token == kLastSampled) remember_token(batch, tables, row, position, batch.last_tokens[row]);
            outputs.positions[t] = static_cast<int32_t>(position + rope_offset);
        }
        for (int64_t group = 0; group < outputs.groups; group++) {
            const int32_t* table = batch.block_tables + (group * batch.max_rows + row) * batch.max_blocks;
            int32_t* slots = outputs.slots + group * batch.max_tokens;
            for (int64_t t = starts[i]; t < starts[i + 1]; t++) {
                const int64_t position = contexts[i] + t - starts[i];
                slots[t] = static_cast<int32_t>(table[position / batch.block_size] * batch.block_size + position % batch.block_size);
            }
        }
    }
}

}  // namespace octavo::cpu
