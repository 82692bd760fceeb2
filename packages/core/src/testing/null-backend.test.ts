import { expect, test } from "vitest";
import { type Batch, planSection } from "../batch.js";
import { planLayout } from "../plan/layout.js";
import { StepPlan } from "../plan/plan.js";
import { tensor } from "../tensor.js";
import { intsOf } from "./elements.js";
import { createNullBackend, createReferenceBackend } from "./index.js";

const layout = planLayout({ maxRows: 4, maxTokens: 16, maxBlocksPerRow: 4, blockSize: 16 });

/** A step of two rows: row 3 at position 7 samples, row 1 does not, row 0 at position 21 samples. */
function sampleOnce(backend = createNullBackend()) {
  const ints = (count: number) => tensor("int32", [count], backend.allocate(4 * count, "tables"));
  const host = tensor("int32", [layout.totalWords], backend.allocateHost(4 * layout.totalWords));
  const plan = new StepPlan(layout, intsOf(host));
  plan.begin(0);
  plan.addRow(3, 5, 2, 1);
  plan.addToken(1);
  plan.addToken(2);
  plan.addRow(1, 0, 1, 0);
  plan.addToken(3);
  plan.addRow(0, 20, 1, 1);
  plan.addToken(4);
  const words = plan.finish();
  const planTensor = ints(layout.totalWords);
  const batch: Batch = {
    layout,
    tables: { blockTables: ints(16), lastTokens: ints(4), sampling: ints(32) },
    plan: planTensor,
    inputIds: ints(16),
    positions: ints(16),
    slots: ints(16),
    sampleTokens: planSection(planTensor, layout.sampleTokens, 4),
    numRows: 3,
    numTokens: 4,
    numSamples: 2,
    maxQueryLen: 2,
    maxSeqLen: 21,
  };
  backend.copy(batch.plan, host, 4 * words);
  backend.ops.prepareBatch(batch);
  const tokens = ints(4);
  backend.ops.sample(tokens, tokens, batch);
  return { tokens: [...intsOf(tokens)], lastTokens: [...intsOf(batch.tables.lastTokens)] };
}

test("each sample gets a token, of its row and position", () => {
  const calls: number[][] = [];
  const sampleToken = (row: number, position: number) => {
    calls.push([row, position]);
    return 100 * row + position;
  };
  const { tokens, lastTokens } = sampleOnce(createNullBackend({ sampleToken }));
  expect(calls).toEqual([
    [3, 7],
    [0, 21],
  ]);
  expect(tokens.slice(0, 2)).toEqual([307, 21]);
  expect(lastTokens).toEqual([21, 0, 0, 307]);
});

test("the default tokens repeat, vary and stay inside of the vocabulary", () => {
  expect(sampleOnce()).toEqual(sampleOnce());
  const { tokens } = sampleOnce(createNullBackend({ vocabSize: 5 }));
  expect(tokens.every((token) => token >= 0 && token < 5)).toBe(true);
  expect(tokens[0]).not.toBe(sampleOnce().tokens[1]);
});

test("a huge KV cache and huge weights take no memory", () => {
  const backend = createNullBackend();
  const before = process.memoryUsage().arrayBuffers;
  const storage = backend.allocate(2 ** 40, "kv");
  const plane = tensor("float32", [2 ** 18, 2 ** 18], backend.allocate(2 ** 38, "weights"));
  const weight = backend.prepareLinear({
    inFeatures: 2 ** 18,
    dtype: "bfloat16",
    parts: [{ name: "w", outFeatures: 2 ** 18, planes: { format: "dense", weight: plane } }],
  });
  backend.upload(plane, "bfloat16");
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  expect(backend.memory().kv).toBe(2 ** 40);
  expect([weight.outFeatures, weight.byteLength]).toEqual([2 ** 18, 2 ** 37]);
  storage.dispose();
  expect(backend.memory().kv).toBe(0);
});

test.each([createNullBackend, createReferenceBackend])("memory of %s", (create) => {
  const backend = create();
  const storage = backend.allocate(64, "tables");
  expect(storage.bytes!.every((byte) => byte === 0)).toBe(true);
  expect(storage.bytes).toBe(storage.bytes);
  storage.dispose();
  storage.dispose();
  expect(backend.memory().tables).toBe(0);
  expect(storage.bytes!.byteLength).toBe(0);
  const from = tensor("uint8", [4], backend.allocateHost(4));
  const to = tensor("uint8", [4], backend.allocate(4, "workspace"), 0);
  from.storage.bytes!.set([1, 2, 3, 4]);
  backend.copy(to, from, 3);
  expect([...to.storage.bytes!]).toEqual([1, 2, 3, 0]);
  expect(() => backend.copy(to, from, 5)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(() => backend.allocate(-1, "kv")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  backend.dispose();
  expect(() => backend.copy(to, from, 1)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
  expect(() => backend.allocate(1, "kv")).toThrow(expect.objectContaining({ code: "DISPOSED" }));
});

test("more memory than there is, is OUT_OF_MEMORY when it is first used", () => {
  const storage = createReferenceBackend().allocate(2 ** 52, "kv");
  expect(() => storage.bytes).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
});
