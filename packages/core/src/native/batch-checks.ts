// Checks of a batch's tensors against its layout.
import { type Batch, type RecordTables, recordRowWords } from "../batch.js";
import { ROW_INIT_WORDS } from "../plan/layout.js";
import { checkIndices, fail } from "./op-checks.js";

export function checkBatch(op: string, { layout, plan, tables, numRows, numSamples }: Batch): void {
  const { maxRows, maxBlocksPerRow, maxSamples } = layout.capacity;
  checkIndices(op, "plan", plan, layout.totalWords);
  checkIndices(op, "blockTables", tables.blockTables, maxRows * maxBlocksPerRow);
  checkIndices(op, "lastTokens", tables.lastTokens, maxRows);
  checkIndices(op, "sampling", tables.sampling, maxRows * ROW_INIT_WORDS);
  if (numRows > maxRows || numSamples > maxSamples)
    fail(op, `${numRows} rows of at most ${maxRows}, ${numSamples} samples of at most ${maxSamples}`);
}

/** The tables of records are there when the layout has room for records, and have its size. */
export function checkRecords(op: string, { layout, tables: { records } }: Batch): void {
  const { maxRows, vocabSize } = layout.capacity;
  if (vocabSize > 0 !== (records !== undefined)) {
    fail(op, `the batch has ${records ? "" : "no "}tables of records, its layout a vocabulary of ${vocabSize}`);
  }
  if (!records) return;
  for (const name of RECORD_TABLES) checkIndices(op, name, records[name], maxRows * recordRowWords(name, vocabSize));
}

const RECORD_TABLES: readonly (keyof RecordTables)[] = ["tokenCounts", "recentTokens", "tokenMasks", "edits"];
