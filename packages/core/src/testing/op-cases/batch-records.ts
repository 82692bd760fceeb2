// The words of a plan's records, for cases and tests.
import { EDIT_HEADER_WORDS, RowRecord } from "../../plan/layout.js";
import type { BatchRecord } from "./case-batch.js";

/** One edit of a row's logits. */
export interface LogitEdit {
  readonly token: number;
  readonly bias: number;
  /** Default: for ever. */
  readonly until?: number;
  /** Default: whatever comes before. */
  readonly before?: readonly number[];
}

/** Tokens from position `first` on. */
export function historyRecord(first: number, tokens: readonly number[]): BatchRecord {
  return { kind: RowRecord.history, words: [first, ...tokens] };
}

export function allowedRecord(tokens: readonly number[]): BatchRecord {
  return { kind: RowRecord.allowed, words: tokens };
}

export function editsRecord(edits: readonly LogitEdit[]): BatchRecord {
  const words = edits.flatMap(({ token, bias, until = 2 ** 31 - 1, before = [] }) => {
    const bits = new Int32Array(Float32Array.of(bias).buffer)[0]!;
    return [EDIT_HEADER_WORDS + before.length, token, bits, until, ...before];
  });
  return { kind: RowRecord.edits, words };
}
