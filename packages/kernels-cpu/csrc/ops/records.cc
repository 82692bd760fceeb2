// Records of the step plan: checked together with the plan, applied after its row inits.
#include "ops/records.h"

#include <algorithm>
#include <cstring>

#include "runtime/error.h"

namespace octavo::cpu {
namespace {

struct Record {
    int64_t row;
    int32_t kind;
    const int32_t* words;
    int64_t count;
};

/** Calls `work(record)` for each record of the plan. @throws INTERNAL for one that ends after the plan */
template <typename Work>
void for_records(const BatchView& batch, Work work) {
    const int64_t records = batch.plan[plan_header::kNumRecords];
    int64_t at = batch.plan[plan_header::kRecordsOffset];
    for (int64_t i = 0; i < records; i++) {
        const bool begins = at >= 0 && at <= batch.plan_words - kRecordHeaderWords;
        const int64_t count = begins ? batch.plan[at + 2] : -1;
        check(begins && count >= 0 && count <= batch.plan_words - kRecordHeaderWords - at, ErrorCode::kInternal,
              "record %lld of %lld, at word %lld with %lld words of its own, ends after the %lld words of the step plan",
              static_cast<long long>(i), static_cast<long long>(records), static_cast<long long>(at), static_cast<long long>(count),
              static_cast<long long>(batch.plan_words));
        work(Record{batch.plan[at], batch.plan[at + 1], batch.plan + at + kRecordHeaderWords, count});
        at += kRecordHeaderWords + count;
    }
}

void check_tokens(const Record& record, const int32_t* tokens, int64_t count, int64_t vocabulary) {
    for (int64_t i = 0; i < count; i++) {
        check(tokens[i] >= 0 && tokens[i] < vocabulary, ErrorCode::kInternal, "a record of row %lld names token %d of a vocabulary of %lld",
              static_cast<long long>(record.row), tokens[i], static_cast<long long>(vocabulary));
    }
}

void check_history(const BatchView& batch, const Record& record, int64_t vocabulary) {
    const int64_t longest = batch.max_blocks * batch.block_size;
    check(record.count >= 1 && record.words[0] >= 0 && record.words[0] + record.count - 1 <= longest, ErrorCode::kInternal,
          "a history of row %lld has %lld tokens from position %d, the tables hold %lld positions", static_cast<long long>(record.row),
          static_cast<long long>(record.count - 1), record.count >= 1 ? record.words[0] : 0, static_cast<long long>(longest));
    check_tokens(record, record.words + 1, record.count - 1, vocabulary);
}

void check_edits(const Record& record, int64_t vocabulary) {
    check(record.count <= kMaxEditWords, ErrorCode::kInternal, "the edits of row %lld have %lld words, there is room for %d",
          static_cast<long long>(record.row), static_cast<long long>(record.count), kMaxEditWords);
    for (int64_t at = 0; at < record.count;) at += read_edit(record.words + at, record.count - at, vocabulary).words;
}

bool counts_history(const BatchView& batch, int64_t row) {
    return (batch.sampling[row * kRowInitWords + row_init::kFlags] & row_flags::kHistory) != 0;
}

void apply_history(const BatchView& batch, const RecordTables& tables, const Record& record) {
    for (int64_t i = 1; i < record.count; i++) {
        remember_token(batch, tables, record.row, record.words[0] + i - 1, record.words[i]);
    }
}

void apply_allowed(const RecordTables& tables, const Record& record) {
    int32_t* mask = mask_of(tables, record.row);
    memset(mask, 0, tables.mask_words() * sizeof(int32_t));
    for (int64_t i = 0; i < record.count; i++) mask[record.words[i] / 32] |= static_cast<int32_t>(1u << (record.words[i] % 32));
}

void apply_edits(const RecordTables& tables, const Record& record) {
    int32_t* table = edits_of(tables, record.row);
    table[0] = static_cast<int32_t>(record.count);
    memcpy(table + 1, record.words, record.count * sizeof(int32_t));
}

}  // namespace

Edit read_edit(const int32_t* words, int64_t left, int64_t vocabulary) {
    const int32_t size = left >= kEditHeaderWords ? words[0] : 0;
    check(size >= kEditHeaderWords && size <= left && size <= kEditHeaderWords + kMaxEditContext, ErrorCode::kInternal,
          "an edit of logits has %d words of %lld that are left; %d and at most %d tokens before were expected", size,
          static_cast<long long>(left), kEditHeaderWords, kMaxEditContext);
    check(words[1] >= 0 && words[1] < vocabulary, ErrorCode::kInternal, "an edit of logits names token %d of a vocabulary of %lld", words[1],
          static_cast<long long>(vocabulary));
    Edit edit = {words[1], 0, words[3], words + kEditHeaderWords, size - kEditHeaderWords, size};
    memcpy(&edit.bias, words + 2, sizeof edit.bias);
    return edit;
}

void check_records(const BatchView& batch, const RecordTables& tables) {
    for_records(batch, [&](const Record& record) {
        check(tables.vocabulary > 0, ErrorCode::kInternal, "the step plan has a record of row %lld, the batch no tables of records",
              static_cast<long long>(record.row));
        check(record.row >= 0 && record.row < batch.max_rows, ErrorCode::kInternal, "a record names row %lld of %lld",
              static_cast<long long>(record.row), static_cast<long long>(batch.max_rows));
        switch (record.kind) {
            case row_record::kHistory:
                return check_history(batch, record, tables.vocabulary);
            case row_record::kAllowed:
                return check_tokens(record, record.words, record.count, tables.vocabulary);
            case row_record::kEdits:
                return check_edits(record, tables.vocabulary);
            default:
                fail(ErrorCode::kInternal, "a record of row %lld is of kind %d, which does not exist", static_cast<long long>(record.row),
                     record.kind);
        }
    });
}

void apply_records(const BatchView& batch, const RecordTables& tables) {
    for_records(batch, [&](const Record& record) {
        if (record.kind == row_record::kHistory) apply_history(batch, tables, record);
        if (record.kind == row_record::kAllowed) apply_allowed(tables, record);
        if (record.kind == row_record::kEdits) apply_edits(tables, record);
    });
}

void empty_row(const RecordTables& tables, int64_t row, int32_t flags) {
    if (flags & row_flags::kHistory) {
        memset(counts_of(tables, row), 0, tables.count_words() * sizeof(int32_t));
        std::fill_n(recent_of(tables, row), kRecentTokens, kNoToken);
    }
    if (flags & row_flags::kAllowed) memset(mask_of(tables, row), 0, tables.mask_words() * sizeof(int32_t));
    if (flags & row_flags::kEdits) edits_of(tables, row)[0] = 0;
}

void remember_token(const BatchView& batch, const RecordTables& tables, int64_t row, int64_t position, int32_t token) {
    if (!counts_history(batch, row)) return;
    check(tables.vocabulary > 0 && token >= 0 && token < tables.vocabulary, ErrorCode::kInternal,
          "row %lld sampled token %d last, the vocabulary has %lld", static_cast<long long>(row), token,
          static_cast<long long>(tables.vocabulary));
    uint16_t& count = counts_of(tables, row)[token];
    if (position < batch.sampling[row * kRowInitWords + row_init::kPromptLength]) {
        count |= kInPrompt;
    } else if ((count & kMaxTokenCount) < kMaxTokenCount) {
        count++;
    }
    recent_of(tables, row)[position % kRecentTokens] = token;
}

}  // namespace octavo::cpu
