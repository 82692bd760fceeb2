import { type Batch, bytesOf, LAST_SAMPLED, PlanHeader, ROW_INIT_WORDS } from "@octavo/core";
import { afterAll, describe, expect, test } from "vitest";
import { blockOf, makeBatch, values } from "../test/tensors.js";
import { createBackend } from "./index.js";

const backend = createBackend({ numThreads: 1 });
afterAll(() => backend.dispose());

function words(batch: Batch): Int32Array {
  const bytes = bytesOf(batch.plan);
  return new Int32Array(bytes.buffer, bytes.byteOffset, batch.layout.totalWords);
}

function example(): Batch {
  return makeBatch(backend, [
    { row: 2, contextLen: 30, tokens: [7, 8, 9], samples: true, sampling: [0.5, 1, 0, 3, 11, 12, 1] },
    { row: 0, contextLen: 5, tokens: [LAST_SAMPLED], samples: true },
    { row: 1, contextLen: 0, tokens: [4, 4] },
  ]);
}

describe("prepareBatch", () => {
  test("expands tokens, positions, slots, samples and row inits", () => {
    const batch = example();
    const lastTokens = bytesOf(batch.tables.lastTokens);
    new Int32Array(lastTokens.buffer, lastTokens.byteOffset).set([99]);
    backend.ops.prepareBatch(batch);
    expect(values(batch.inputIds).slice(0, 6)).toEqual([7, 8, 9, 99, 4, 4]);
    expect(values(batch.positions).slice(0, 6)).toEqual([30, 31, 32, 5, 0, 1]);
    const slot = (row: number, position: number) => blockOf(row, position >> 4, 16) * 16 + (position & 15);
    expect(values(batch.slots).slice(0, 6)).toEqual([
      slot(2, 30),
      slot(2, 31),
      slot(2, 32),
      slot(0, 5),
      slot(1, 0),
      slot(1, 1),
    ]);
    expect(values(batch.sampleTokens).slice(0, 2)).toEqual([2, 3]);
    const record = values(batch.tables.sampling).slice(2 * ROW_INIT_WORDS, 3 * ROW_INIT_WORDS);
    expect([record[0], ...record.slice(4, 9)]).toEqual([2, 3, 11, 12, 1, 0]);
  });

  const damages: [string, (plan: Int32Array, batch: Batch) => void, RegExp][] = [
    ["another version", (p) => p.set([9], PlanHeader.version), /version 9/],
    ["more rows than there are", (p) => p.set([9], PlanHeader.numRows), /counts 9 rows/],
    ["negative tokens", (p) => p.set([-1], PlanHeader.numTokens), /-1 tokens/],
    ["a section behind the end", (p) => p.set([1 << 30], PlanHeader.blockWritesOffset), /ends after/],
    ["too many block writes", (p) => p.set([1 << 30], PlanHeader.numBlockWrites), /ends after/],
    ["a row outside of the tables", (p, b) => p.set([8], b.layout.rowIds), /row 8 of 8/],
    ["a negative row", (p, b) => p.set([-1], b.layout.rowIds), /row -1 of 8/],
    ["a sequence longer than its table", (p, b) => p.set([255], b.layout.contextLens), /context 255/],
    ["a negative context", (p, b) => p.set([-4], b.layout.contextLens + 2), /context -4/],
    ["falling query starts", (p, b) => p.set([5], b.layout.queryStarts + 1), /tokens \[5, 4\)/],
    ["query starts past the tokens", (p, b) => p.set([600], b.layout.queryStarts + 3), /tokens \[4, 600\)/],
    ["uncovered tokens", (p, b) => p.set([5], b.layout.queryStarts + 3), /cover 5 of its 6/],
    ["a sample of no entry", (p, b) => p.set([3], b.layout.sampleRows), /sample 0 names entry 3/],
    [
      "a sample after another row's token",
      (p, b) => p.set([3], b.layout.sampleTokens),
      /names entry 0 of 3 and token 3/,
    ],
    ["a block write to no row", (p) => p.set([8], p[PlanHeader.blockWritesOffset]!), /row 8, index/],
    ["a block write behind the table", (p) => p.set([16], p[PlanHeader.blockWritesOffset]! + 1), /index 16/],
    ["a negative block", (p) => p.set([-2], p[PlanHeader.blockWritesOffset]! + 2), /block -2/],
    ["a row init of no row", (p) => p.set([-7], p[PlanHeader.rowInitsOffset]!), /row -7 of 8/],
  ];
  test.each(damages)("a plan with %s is an error and writes nothing", (_, damage, message) => {
    const batch = example();
    damage(words(batch), batch);
    expect(() => backend.ops.prepareBatch(batch)).toThrow(message);
    expect(values(batch.tables.blockTables).every((block) => block === 0)).toBe(true);
  });
});
