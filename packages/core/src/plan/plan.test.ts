import { expect, test } from "vitest";
import {
  LAST_SAMPLED,
  PLAN_HEADER_WORDS,
  PLAN_VERSION,
  PlanHeader,
  planLayout,
  ROW_INIT_WORDS,
  RowInit,
  RowRecord,
} from "./layout.js";
import { StepPlan } from "./plan.js";

const capacity = { maxRows: 4, maxTokens: 20, maxBlocksPerRow: 8, blockSize: 16 };
const layout = planLayout(capacity);

test("sections follow each other without overlap", () => {
  expect(layout.rowIds).toBe(PLAN_HEADER_WORDS);
  expect(layout.queryStarts - layout.rowIds).toBe(4);
  expect(layout.contextLens - layout.queryStarts).toBe(5);
  expect(layout.sampleRows - layout.contextLens).toBe(4);
  expect(layout.sampleTokens - layout.sampleRows).toBe(4);
  expect(layout.compact - layout.sampleTokens).toBe(4);
  expect(layout.totalWords).toBe(layout.compact + 20 + 3 * layout.maxBlockWrites + 4 * ROW_INIT_WORDS + 2 * 20);
  expect(Math.max(...Object.values(PlanHeader))).toBeLessThan(PLAN_HEADER_WORDS);
  expect(Object.values(RowInit).sort((a, b) => a - b)).toEqual(Array.from({ length: ROW_INIT_WORDS }, (_, i) => i));
});

test("what is written can be read", () => {
  const plan = new StepPlan(layout);
  plan.begin(41);
  plan.addRow(3, 30, 2, 0);
  plan.addToken(100);
  plan.addToken(101);
  plan.addBlockWrite(3, 2, 9);
  plan.addRow(0, 17, 1, 1);
  plan.addToken(LAST_SAMPLED);
  plan.addRowInit(0, Int32Array.from([99, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]));
  plan.addBlockWrite(0, 1, 5);
  const used = plan.finish();

  const { words } = plan;
  const section = (offset: number, count: number) => [...words.subarray(offset, offset + count)];
  expect(words[PlanHeader.version]).toBe(PLAN_VERSION);
  expect(words[PlanHeader.step]).toBe(41);
  expect(words[PlanHeader.numRows]).toBe(2);
  expect(words[PlanHeader.numTokens]).toBe(3);
  expect(words[PlanHeader.numSamples]).toBe(1);
  expect(words[PlanHeader.maxQueryLen]).toBe(2);
  expect(words[PlanHeader.maxSeqLen]).toBe(32);
  expect(section(layout.rowIds, 2)).toEqual([3, 0]);
  expect(section(layout.queryStarts, 3)).toEqual([0, 2, 3]);
  expect(section(layout.contextLens, 2)).toEqual([30, 17]);
  expect(section(layout.sampleRows, 1)).toEqual([1]);
  expect(section(layout.sampleTokens, 1)).toEqual([2]);
  expect(section(words[PlanHeader.tokensOffset]!, 3)).toEqual([100, 101, LAST_SAMPLED]);
  expect(words[PlanHeader.numBlockWrites]).toBe(2);
  expect(section(words[PlanHeader.blockWritesOffset]!, 6)).toEqual([3, 2, 9, 0, 1, 5]);
  expect(words[PlanHeader.numRowInits]).toBe(1);
  expect(section(words[PlanHeader.rowInitsOffset]!, ROW_INIT_WORDS)).toEqual(
    Array.from({ length: ROW_INIT_WORDS }, (_, i) => i),
  );
  expect(words[PlanHeader.totalWords]).toBe(used);
  expect(used).toBe(layout.compact + 3 + 6 + ROW_INIT_WORDS);
});

test("a plan is written anew at each begin", () => {
  const plan = new StepPlan(layout);
  plan.begin(1);
  plan.addRow(1, 100, 5, 1);
  for (let i = 0; i < 5; i++) plan.addToken(i);
  plan.addBlockWrite(1, 0, 1);
  plan.finish();
  plan.begin(2);
  expect([plan.numRows, plan.numTokens, plan.numSamples, plan.blockWritesLeft]).toEqual([
    0,
    0,
    0,
    layout.maxBlockWrites,
  ]);
  plan.finish();
  expect(plan.words[PlanHeader.maxSeqLen]).toBe(0);
  expect(plan.words[PlanHeader.totalWords]).toBe(layout.compact);
});

test("logprobs: the widest wish, and the prompt's tokens with those that follow them", () => {
  const plan = new StepPlan(layout);
  plan.begin(0);
  expect(plan.finish()).toBe(layout.compact);
  expect(plan.words[PlanHeader.logprobColumns]).toBe(0);
  plan.begin(1);
  plan.addRow(2, 0, 2, 0);
  plan.addToken(7);
  plan.addPromptLogprob(8, 3);
  plan.addToken(8);
  plan.addRow(0, 4, 3, 1);
  plan.addToken(5);
  plan.addToken(6);
  plan.addPromptLogprob(9, 0);
  plan.addToken(9);
  plan.wantLogprobs(2);
  const words = plan.finish();
  expect(plan.numPromptLogprobs).toBe(2);
  expect([plan.words[PlanHeader.logprobColumns], plan.words[PlanHeader.promptLogprobColumns]]).toEqual([3, 4]);
  expect(plan.words[PlanHeader.numPromptLogprobs]).toBe(2);
  expect([...plan.words.subarray(plan.words[PlanHeader.promptLogprobsOffset]!, words)]).toEqual([0, 3, 8, 9]);
  plan.begin(2);
  plan.finish();
  const { logprobColumns, promptLogprobColumns, numPromptLogprobs } = PlanHeader;
  expect([logprobColumns, promptLogprobColumns, numPromptLogprobs].map((word) => plan.words[word])).toEqual([0, 0, 0]);
});

test("a full plan fits, one more of anything does not", () => {
  const plan = new StepPlan(layout);
  plan.begin(0);
  for (let row = 0; row < 4; row++) {
    plan.addRow(row, 0, 5, 1);
    for (let i = 0; i < 5; i++) {
      plan.addToken(i);
      plan.addPromptLogprob(i + 1, 0);
    }
    plan.addRowInit(row, new Int32Array(ROW_INIT_WORDS));
  }
  for (let i = 0; i < layout.maxBlockWrites; i++) plan.addBlockWrite(0, 0, i);
  expect(plan.finish()).toBe(layout.totalWords);
  expect(plan.words.length).toBe(layout.totalWords);
  expect(() => plan.addRow(4, 0, 0, 0)).toThrow(/4 rows/);
  expect(() => plan.addBlockWrite(0, 0, 0)).toThrow(/block writes/);
  expect(() => plan.addRowInit(0, new Int32Array(ROW_INIT_WORDS))).toThrow(/row inits/);
});

test("a chunk larger than the rest of the budget is refused", () => {
  const plan = new StepPlan(layout);
  plan.begin(0);
  plan.addRow(0, 0, 15, 0);
  for (let i = 0; i < 15; i++) plan.addToken(i);
  expect(() => plan.addRow(1, 0, 6, 1)).toThrow(/20 tokens, row 1 adds 6 to 15/);
});

test("the words may be memory that a device copies from", () => {
  const words = new Int32Array(layout.totalWords);
  const plan = new StepPlan(layout, words);
  plan.begin(5);
  plan.finish();
  expect(words[PlanHeader.step]).toBe(5);
});

test("padding rows are counted, and forgotten by the next step", () => {
  const plan = new StepPlan(layout);
  const { words } = plan;
  plan.begin(0);
  plan.addRow(1, 5, 1, 1);
  plan.addToken(LAST_SAMPLED);
  plan.addBlockWrite(1, 0, 7);
  plan.pad(4, 3);
  plan.finish();
  for (const count of [PlanHeader.bucket, PlanHeader.numRows, PlanHeader.numTokens, PlanHeader.numSamples]) {
    expect(words[count]).toBe(4);
  }
  expect([...words.subarray(layout.rowIds, layout.rowIds + 4)]).toEqual([1, 3, 3, 3]);
  expect([...words.subarray(layout.queryStarts, layout.queryStarts + 5)]).toEqual([0, 1, 2, 3, 4]);
  expect([...words.subarray(layout.contextLens, layout.contextLens + 4)]).toEqual([5, 0, 0, 0]);
  expect([...words.subarray(layout.sampleRows, layout.sampleRows + 4)]).toEqual([0, 1, 2, 3]);
  expect([...words.subarray(layout.compact, layout.compact + 7)]).toEqual([LAST_SAMPLED, 0, 0, 0, 1, 0, 7]);
  plan.begin(1);
  plan.finish();
  expect(words[PlanHeader.bucket]).toBe(0);
});

test("a row with drafts samples after each of its last tokens", () => {
  const plan = new StepPlan(planLayout({ ...capacity, maxSamples: 8 }));
  plan.begin(0);
  plan.addRow(1, 9, 4, 3);
  for (let t = 0; t < 4; t++) plan.addToken(t);
  plan.addRow(2, 5, 1, 1);
  plan.addToken(4);
  plan.finish();
  const { words } = plan;
  const { sampleRows, sampleTokens } = plan.layout;
  expect(words[PlanHeader.numSamples]).toBe(4);
  expect([...words.subarray(sampleRows, sampleRows + 4)]).toEqual([0, 0, 0, 1]);
  expect([...words.subarray(sampleTokens, sampleTokens + 4)]).toEqual([1, 2, 3, 4]);
  plan.begin(1);
  expect(() => plan.addRow(1, 0, 9, 9)).toThrow(/8 samples/);
});

test("records are packed with their headers, and no more than fit", () => {
  const plan = new StepPlan(planLayout({ ...capacity, vocabSize: 10 }));
  plan.begin(0);
  plan.addRecord(2, RowRecord.history, 7, Int32Array.of(5, 6, 7), 1, 3);
  plan.addRecord(1, RowRecord.allowed, undefined, Int32Array.of(4), 0, 1);
  plan.wantAdjustment();
  const used = plan.finish();
  const { words } = plan;
  expect(words[PlanHeader.adjusts]).toBe(1);
  expect(words[PlanHeader.numRecords]).toBe(2);
  expect([...words.subarray(words[PlanHeader.recordsOffset], used)]).toEqual([2, 1, 3, 7, 6, 7, 1, 2, 1, 4]);
  expect(plan.recordWordsLeft).toBe(plan.layout.maxRecordWords - 10);
  expect(() => plan.addRecord(0, RowRecord.edits, undefined, words, 0, plan.recordWordsLeft - 2)).toThrow(/records/);
});

test("a block write names its group where there are several", () => {
  const grouped = planLayout({ ...capacity, numGroups: 2 });
  expect([layout.blockWriteWords, grouped.blockWriteWords]).toEqual([3, 4]);
  expect(grouped.maxBlockWrites).toBe(2 * layout.maxBlockWrites);
  const plan = new StepPlan(grouped);
  plan.begin(0);
  plan.addBlockWrite(3, 2, 9, 1);
  plan.addBlockWrite(0, 1, 5);
  plan.finish();
  const at = plan.words[PlanHeader.blockWritesOffset]!;
  expect([...plan.words.subarray(at, at + 8)]).toEqual([3, 2, 9, 1, 0, 1, 5, 0]);
  expect(plan.words[PlanHeader.rowInitsOffset]).toBe(at + 8);
});
