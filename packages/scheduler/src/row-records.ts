// How what edits a request's logits gets into the plan: tables when it gets a row, then its tokens as they become known.
import { RECORD_HEADER_WORDS, RowFlags, RowRecord, type StepPlan } from "@octavo/core";
import type { Request } from "./request.js";

/** Words of records that {@link writeTables} adds, at most. */
export function tableWords({ flags, length, allowedTokenIds, logitEdits }: Request): number {
  if (flags === 0) return 0;
  return 3 * RECORD_HEADER_WORDS + 1 + length + allowedTokenIds.length + logitEdits.length;
}

/** After the row init of a request that just got its row, which emptied the row's tables. */
export function writeTables(plan: StepPlan, request: Request): void {
  const { flags, row, length, allowedTokenIds, logitEdits } = request;
  if (flags === 0) return;
  if (flags & RowFlags.allowed) {
    plan.addRecord(row, RowRecord.allowed, undefined, allowedTokenIds, 0, allowedTokenIds.length);
  }
  if (flags & RowFlags.edits) plan.addRecord(row, RowRecord.edits, undefined, logitEdits, 0, logitEdits.length);
  request.counted = 0;
  writeHistory(plan, request, length);
}

/** For a request with flags that samples in this step. @param end as for {@link writeHistory} */
export function writeAdjustment(plan: StepPlan, request: Request, end: number): void {
  writeHistory(plan, request, end);
  plan.wantAdjustment();
}

/**
 * Sends the request's tokens before `end` that the device has not counted. The one that is still in flight the device counts
 * itself when it computes it, so that each token is counted once, whichever of the two comes first.
 * @param end where the tokens end that this step computes, drafts left out
 */
function writeHistory(plan: StepPlan, request: Request, end: number): void {
  if ((request.flags & RowFlags.history) === 0 || end <= request.counted) return;
  const known = Math.min(end, request.length);
  if (known > request.counted) {
    plan.addRecord(request.row, RowRecord.history, request.counted, request.tokens, request.counted, known);
  }
  request.counted = end;
}
