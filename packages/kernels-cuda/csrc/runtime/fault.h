// What a kernel says when a number in device memory (an id, a slot, a plan word) points outside of its table. Kernels cannot
// throw: they skip the access and leave a note in memory that the host sees, which the next wait turns into an error.
#pragma once

#include <cstdint>

namespace octavo::cuda {

enum FaultKind : int32_t {
    kNoFault = 0,
    kWrongPlanVersion,
    kPlanCounts,
    kPlanRowInit,
    kPlanBlockWrite,
    kPlanEntry,
    kPlanSample,
    kPlanRecord,
    kRecordToken,
    kRowEdit,
    kGatherIndex,
    kRopePosition,
    kCacheSlot,
    kCacheBlock,
    kExpert,
};

/** Lies in page-locked host memory; kernels write it with plain stores, and of several faults any one is told. */
struct Fault {
    volatile int32_t kind;
    volatile int32_t value;
};

/** For people: what the kind means. */
inline const char* fault_text(int32_t kind) {
    switch (kind) {
        case kWrongPlanVersion:
            return "prepareBatch: the step plan has another version";
        case kPlanCounts:
            return "prepareBatch: a count or section of the step plan is outside of its layout";
        case kPlanRowInit:
            return "prepareBatch: a row init names a row outside of the tables";
        case kPlanBlockWrite:
            return "prepareBatch: a block write is outside of the tables";
        case kPlanEntry:
            return "a plan entry names a row, token or length outside of the tables";
        case kPlanSample:
            return "a sample names a plan entry that does not exist";
        case kPlanRecord:
            return "prepareBatch: a record is outside of the step plan, or names a row, kind, position or length outside of the tables";
        case kRecordToken:
            return "prepareBatch: a record or a row's last token is outside of the vocabulary";
        case kRowEdit:
            return "adjustLogits: an edit of a row has no valid length, or names a token outside of the vocabulary";
        case kGatherIndex:
            return "gatherRows: an index is outside of the source";
        case kRopePosition:
            return "rope: a position is outside of the table";
        case kCacheSlot:
            return "writeKv: a slot is outside of the cache";
        case kCacheBlock:
            return "pagedAttention: a block is outside of the cache";
        case kExpert:
            return "expertLinear: a routing names an expert that is not there";
        default:
            return "an unknown fault";
    }
}

}  // namespace octavo::cuda
