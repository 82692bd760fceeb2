// The plan's records, applied by the one block of prepare_batch. A record says how long it is, so one thread walks over them, in a
// window of shared memory; then the warps share them out by table row, which keeps those of one row in order. A long record is
// the whole block's, with a barrier before and after.
#pragma once

#include "kernels/fault.cuh"
#include "kernels/reduce.cuh"
#include "kernels/token_counts.cuh"
#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

/** Threads that work on one thing together: a warp, or the block. */
struct Team {
    int thread, size;

    __device__ void sync() const {
        if (size == kWarp) {
            __syncwarp();
        } else {
            __syncthreads();
        }
    }
};

struct Record {
    int64_t row;
    int32_t kind;
    const int32_t* words;
    int64_t count;
};

/** Empties the tables that a row's new flags name. The caller waits for it. */
__device__ inline void empty_row(const RecordTables& tables, int64_t row, int32_t flags, const Team& team) {
    if (flags & row_flags::kHistory) {
        int32_t* counts = tables.token_counts + row * tables.count_words();
        for (int64_t i = team.thread; i < tables.count_words(); i += team.size) counts[i] = 0;
        for (int i = team.thread; i < kRecentTokens; i += team.size) tables.recent_tokens[row * kRecentTokens + i] = kNoToken;
    }
    if (flags & row_flags::kAllowed) {
        int32_t* mask = tables.token_masks + row * tables.mask_words();
        for (int64_t i = team.thread; i < tables.mask_words(); i += team.size) mask[i] = 0;
    }
    if (flags & row_flags::kEdits && team.thread == 0) tables.edits[row * (1 + kMaxEditWords)] = 0;
}

/** Counts a token that only the device knew, of a row with the flag `history`. */
__device__ inline void remember_token(const RecordTables& tables, int64_t row, int64_t position, int32_t prompt_length, int32_t token,
                                      Fault* fault) {
    if (token < 0 || token >= tables.vocabulary) {
        report(fault, kRecordToken, token);
        return;
    }
    count_token(tables, row, token, position < prompt_length, 1);
    tables.recent_tokens[row * kRecentTokens + position % kRecentTokens] = token;
}

__device__ inline void apply_history(const BatchView& batch, const RecordTables& tables, const Record& record, const Team& team, Fault* fault) {
    const int64_t count = record.count - 1, first = count >= 0 ? record.words[0] : -1;
    if (first < 0 || first + count > batch.max_blocks * batch.block_size) {
        if (team.thread == 0) report(fault, kPlanRecord, first);
        return;
    }
    const int32_t* parameters = batch.sampling + record.row * kRowInitWords;
    if (!(parameters[row_init::kFlags] & row_flags::kHistory)) return;
    const int64_t prompt_length = parameters[row_init::kPromptLength];
    // Every lane takes part in every round: those that have the same token let one of them count it.
    for (int64_t start = 0; start < count; start += team.size) {
        const int64_t i = start + team.thread;
        const int32_t token = i < count ? record.words[1 + i] : -1;
        const bool valid = token >= 0 && token < tables.vocabulary;
        if (i < count && !valid) report(fault, kRecordToken, token);
        const bool in_prompt = first + i < prompt_length;
        const uint32_t key = valid ? static_cast<uint32_t>(token) << 1 | (in_prompt ? 1 : 0) : 0xffffffffu;
        const unsigned same = __match_any_sync(kAllLanes, key);
        if (!valid) continue;
        if (__ffs(static_cast<int>(same)) - 1 == static_cast<int>(threadIdx.x) % kWarp) {
            count_token(tables, record.row, token, in_prompt, static_cast<uint32_t>(__popc(same)));
        }
        if (i >= count - kRecentTokens) tables.recent_tokens[record.row * kRecentTokens + (first + i) % kRecentTokens] = token;
    }
}

__device__ inline void apply_allowed(const RecordTables& tables, const Record& record, const Team& team, Fault* fault) {
    int32_t* mask = tables.token_masks + record.row * tables.mask_words();
    for (int64_t i = team.thread; i < tables.mask_words(); i += team.size) mask[i] = 0;
    team.sync();
    for (int64_t i = team.thread; i < record.count; i += team.size) {
        const int32_t token = record.words[i];
        if (token >= 0 && token < tables.vocabulary) {
            atomicOr(mask + token / 32, static_cast<int32_t>(1u << (token % 32)));
        } else {
            report(fault, kRecordToken, token);
        }
    }
}

/** What the edits say is checked where they are used. */
__device__ inline void apply_edits_record(const RecordTables& tables, const Record& record, const Team& team, Fault* fault) {
    if (record.count > kMaxEditWords) {
        if (team.thread == 0) report(fault, kPlanRecord, record.count);
        return;
    }
    int32_t* table = tables.edits + record.row * (1 + kMaxEditWords);
    if (team.thread == 0) table[0] = static_cast<int32_t>(record.count);
    for (int64_t i = team.thread; i < record.count; i += team.size) table[1 + i] = record.words[i];
}

__device__ inline void apply_record(const BatchView& batch, const RecordTables& tables, int64_t at, const Team& team, Fault* fault) {
    const Record record = {batch.plan[at], batch.plan[at + 1], batch.plan + at + kRecordHeaderWords, batch.plan[at + 2]};
    if (record.row < 0 || record.row >= batch.max_rows || tables.vocabulary <= 0) {
        if (team.thread == 0) report(fault, kPlanRecord, record.row);
    } else if (record.kind == row_record::kHistory) {
        apply_history(batch, tables, record, team, fault);
    } else if (record.kind == row_record::kAllowed) {
        apply_allowed(tables, record, team, fault);
    } else if (record.kind == row_record::kEdits) {
        apply_edits_record(tables, record, team, fault);
    } else if (team.thread == 0) {
        report(fault, kPlanRecord, record.kind);
    }
    // The next record may be of the same row.
    team.sync();
}

/** Words of the plan that are looked at for headers at once, and the records that are found in them. */
inline constexpr int kWindowWords = 2048, kListedRecords = 512;
/** Records of more words are the whole block's. */
inline constexpr int64_t kLongRecord = 1024;

/** Where the next records to apply begin. Short ones, or a long one alone. */
struct RecordList {
    int count;
    bool is_long;
    int64_t starts[kListedRecords];
    int32_t rows[kListedRecords];
    /** Of the first record that is not listed, and how many there are from it on. */
    int64_t next, left;
};

/** One thread's: lists records from `at`, where the window begins. A record that ends after the plan is a fault, and the last one. */
__device__ inline void list_records(const BatchView& batch, const int32_t* window, int64_t at, int64_t left, RecordList& list, Fault* fault) {
    list.count = 0;
    list.is_long = false;
    int64_t offset = at;
    while (left > 0 && list.count < kListedRecords) {
        const int64_t local = offset - at;
        if (local + kRecordHeaderWords > kWindowWords) break;
        const int64_t room = batch.plan_words - kRecordHeaderWords - offset;
        const int64_t words = room >= 0 ? window[local + 2] : -1;
        if (words < 0 || words > room) {
            report(fault, kPlanRecord, offset);
            left = 0;
            break;
        }
        const bool is_long = words > kLongRecord;
        if (is_long && list.count > 0) break;
        list.starts[list.count] = offset;
        list.rows[list.count++] = window[local];
        list.is_long = is_long;
        offset += kRecordHeaderWords + words;
        left--;
        if (is_long) break;
    }
    list.next = offset;
    list.left = left;
}

/** Called by all of the block's kThreads, after row inits are in their tables; ends with a barrier. */
template <int kThreads>
__device__ void apply_records(const BatchView& batch, const RecordTables& tables, Fault* fault) {
    __shared__ int32_t window[kWindowWords];
    __shared__ RecordList list;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, warp = thread / kWarp;
    int64_t at = batch.plan[plan_header::kRecordsOffset], left = batch.plan[plan_header::kNumRecords];
    if (at < 0 || at > batch.plan_words) {
        if (thread == 0) report(fault, kPlanRecord, at);
        return;
    }
    while (left > 0) {
        for (int i = thread; i < kWindowWords && at + i < batch.plan_words; i += kThreads) window[i] = batch.plan[at + i];
        __syncthreads();
        if (thread == 0) list_records(batch, window, at, left, list, fault);
        __syncthreads();
        if (list.is_long) {
            apply_record(batch, tables, list.starts[0], {thread, kThreads}, fault);
        } else {
            for (int first = 0; first < list.count; first += kWarp) {
                const int listed = first + lane;
                const uint32_t row = listed < list.count ? static_cast<uint32_t>(list.rows[listed]) : 0;
                unsigned own = __ballot_sync(kAllLanes, listed < list.count && row % (kThreads / kWarp) == static_cast<uint32_t>(warp));
                for (; own != 0; own &= own - 1) {
                    const int next = first + __ffs(static_cast<int>(own)) - 1;
                    apply_record(batch, tables, list.starts[next], {lane, kWarp}, fault);
                }
            }
        }
        at = list.next;
        left = list.left;
        __syncthreads();
    }
}

}  // namespace octavo::cuda::kernels
