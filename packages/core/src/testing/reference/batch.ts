// prepareBatch: applies a plan's differences to the tables, then expands it token by token.
import type { Batch } from "../../batch.js";
import { assertInternal } from "../../errors.js";
import { LAST_SAMPLED, PLAN_VERSION, PlanHeader, ROW_INIT_WORDS, RowInit } from "../../plan/layout.js";
import { intsOf } from "../elements.js";
import { applyRecords, emptyRow, rememberToken } from "./records.js";

export function prepareBatch(batch: Batch): void {
  const { layout, tables } = batch;
  const { blockSize, maxBlocksPerRow, maxRows, maxTokens, numGroups } = layout.capacity;
  const plan = intsOf(batch.plan);
  const blockTables = intsOf(tables.blockTables);
  const lastTokens = intsOf(tables.lastTokens);
  const sampling = intsOf(tables.sampling);
  const inputIds = intsOf(batch.inputIds);
  const positions = intsOf(batch.positions);
  const slots = intsOf(batch.slots);
  const header = (word: number): number => plan[word]!;
  const version = header(PlanHeader.version);
  assertInternal(version === PLAN_VERSION, `the step plan has version ${version}, this backend reads ${PLAN_VERSION}`);

  for (let i = 0; i < header(PlanHeader.numRowInits); i++) {
    const from = header(PlanHeader.rowInitsOffset) + i * ROW_INIT_WORDS;
    const row = plan[from]!;
    sampling.set(plan.subarray(from, from + ROW_INIT_WORDS), row * ROW_INIT_WORDS);
    emptyRow(batch, row);
  }
  for (let i = 0; i < header(PlanHeader.numBlockWrites); i++) {
    const from = header(PlanHeader.blockWritesOffset) + layout.blockWriteWords * i;
    const group = numGroups > 1 ? plan[from + 3]! : 0;
    blockTables[(group * maxRows + plan[from]!) * maxBlocksPerRow + plan[from + 1]!] = plan[from + 2]!;
  }
  applyRecords(batch);
  for (let i = 0; i < header(PlanHeader.numRows); i++) {
    const row = plan[layout.rowIds + i]!;
    const start = plan[layout.queryStarts + i]!;
    const end = plan[layout.queryStarts + i + 1]!;
    for (let t = start; t < end; t++) {
      const token = plan[header(PlanHeader.tokensOffset) + t]!;
      const position = plan[layout.contextLens + i]! + (t - start);
      inputIds[t] = token === LAST_SAMPLED ? lastTokens[row]! : token;
      if (token === LAST_SAMPLED) rememberToken(batch, row, position, lastTokens[row]!);
      positions[t] = position + sampling[row * ROW_INIT_WORDS + RowInit.ropeOffset]!;
      for (let group = 0; group < numGroups; group++) {
        const block = blockTables[(group * maxRows + row) * maxBlocksPerRow + Math.floor(position / blockSize)]!;
        slots[group * maxTokens + t] = block * blockSize + (position % blockSize);
      }
    }
  }
}
