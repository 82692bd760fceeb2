// What prepareBatch does to the tables of records: rows emptied, records applied, sampled tokens remembered.
import type { Batch } from "../../batch.js";
import { assertInternal } from "../../errors.js";
import {
  MAX_TOKEN_COUNT,
  NO_TOKEN,
  PlanHeader,
  RECENT_TOKENS,
  RECORD_HEADER_WORDS,
  ROW_INIT_WORDS,
  RowFlags,
  RowInit,
  RowRecord,
} from "../../plan/layout.js";
import type { Tensor } from "../../tensor.js";
import { intsOf } from "../elements.js";

export const PROMPT_BIT = 0x8000;

export function rowFlags({ tables }: Batch, row: number): number {
  return intsOf(tables.sampling)[row * ROW_INIT_WORDS + RowInit.flags]!;
}

/** A row of a table [maxRows, words]. */
export function rowOf(table: Tensor, row: number): Int32Array {
  const words = table.shape[1]!;
  return intsOf(table).subarray(row * words, (row + 1) * words);
}

/** Empties the tables that the row's new flags name. */
export function emptyRow(batch: Batch, row: number): void {
  const flags = rowFlags(batch, row);
  const { records } = batch.tables;
  assertInternal(records || flags === 0, `row ${row} has flags ${flags}, the batch no tables of records`);
  if (!records) return;
  if (flags & RowFlags.history) {
    rowOf(records.tokenCounts, row).fill(0);
    rowOf(records.recentTokens, row).fill(NO_TOKEN);
  }
  if (flags & RowFlags.allowed) rowOf(records.tokenMasks, row).fill(0);
  if (flags & RowFlags.edits) rowOf(records.edits, row)[0] = 0;
}

export function applyRecords(batch: Batch): void {
  const plan = intsOf(batch.plan);
  let at = plan[PlanHeader.recordsOffset]!;
  for (let i = 0; i < plan[PlanHeader.numRecords]!; i++) {
    const [row, kind, count] = plan.subarray(at, at + RECORD_HEADER_WORDS) as unknown as [number, number, number];
    at += RECORD_HEADER_WORDS;
    applyRecord(batch, row, kind, plan.subarray(at, at + count));
    at += count;
  }
}

function applyRecord(batch: Batch, row: number, kind: number, words: Int32Array): void {
  const { records } = batch.tables;
  assertInternal(records, `the plan has a record of row ${row}, the batch no tables of records`);
  if (kind === RowRecord.history) {
    const [first, ...tokens] = words;
    tokens.forEach((token, i) => {
      rememberToken(batch, row, first! + i, token);
    });
  } else if (kind === RowRecord.allowed) {
    const mask = rowOf(records.tokenMasks, row).fill(0);
    for (const token of words) mask[token >> 5]! |= 1 << (token & 31);
  } else {
    const table = rowOf(records.edits, row);
    table[0] = words.length;
    table.set(words, 1);
  }
}

/** Counts a token of a row with RowFlags.history, and keeps it as one of the last ones. */
export function rememberToken(batch: Batch, row: number, position: number, token: number): void {
  const { records, sampling } = batch.tables;
  if (!records || !(rowFlags(batch, row) & RowFlags.history)) return;
  const promptLength = intsOf(sampling)[row * ROW_INIT_WORDS + RowInit.promptLength]!;
  const half = halfOf(records.tokenCounts, row, token);
  const count = half & MAX_TOKEN_COUNT;
  const isOfPrompt = position < promptLength;
  const changed = isOfPrompt ? half | PROMPT_BIT : (half & PROMPT_BIT) | Math.min(count + 1, MAX_TOKEN_COUNT);
  const shift = 16 * (token & 1);
  const counts = rowOf(records.tokenCounts, row);
  counts[token >> 1] = (counts[token >> 1]! & ~(0xffff << shift)) | (changed << shift);
  rowOf(records.recentTokens, row)[position % RECENT_TOKENS] = token;
}

/** A token's 16 bits of the counts. */
export function halfOf(tokenCounts: Tensor, row: number, token: number): number {
  return (rowOf(tokenCounts, row)[token >> 1]! >>> (16 * (token & 1))) & 0xffff;
}
