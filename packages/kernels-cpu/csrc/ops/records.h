// The tables of records: what prepare_batch does to them, and how adjust_logits reads them.
#pragma once

#include <cstdint>

#include "octavo/op_arguments.h"
#include "octavo/step_plan.h"

namespace octavo::cpu {

/** Bit 15 of a token's count: it is in the prompt. */
inline constexpr uint16_t kInPrompt = 0x8000;

/** A row's counts, one for each token: the halves of its words, low first, which is how a little-endian machine has them. */
inline uint16_t* counts_of(const RecordTables& tables, int64_t row) {
    return reinterpret_cast<uint16_t*>(tables.token_counts + row * tables.count_words());
}
inline int32_t* recent_of(const RecordTables& tables, int64_t row) { return tables.recent_tokens + row * kRecentTokens; }
inline int32_t* mask_of(const RecordTables& tables, int64_t row) { return tables.token_masks + row * tables.mask_words(); }
/** How many words follow, then those. */
inline int32_t* edits_of(const RecordTables& tables, int64_t row) { return tables.edits + row * (1 + kMaxEditWords); }

/** One edit in the words of a row; see RowRecord.edits in packages/core/src/plan/layout.ts. */
struct Edit {
    int32_t token;
    float bias;
    int32_t until;
    const int32_t* before;
    int32_t before_count;
    /** Of the whole edit. */
    int32_t words;
};
/** The edit at `words`, of which `left` are there. @throws INTERNAL for one that ends after them or names no token */
Edit read_edit(const int32_t* words, int64_t left, int64_t vocabulary);

/** @throws INTERNAL for a record that is outside of the plan or points outside of the tables */
void check_records(const BatchView& batch, const RecordTables& tables);
void apply_records(const BatchView& batch, const RecordTables& tables);
/** Empties the tables of a row that has new flags. */
void empty_row(const RecordTables& tables, int64_t row, int32_t flags);
/** Counts a token of a row with the flag `history`. @throws INTERNAL for one outside of the vocabulary */
void remember_token(const BatchView& batch, const RecordTables& tables, int64_t row, int64_t position, int32_t token);

}  // namespace octavo::cpu
