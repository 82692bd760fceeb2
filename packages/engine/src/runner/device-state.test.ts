import { planLayout, recordTableShapes, type Tensor } from "@octavo/core";
import { createNullBackend } from "@octavo/core/testing";
import { expect, test } from "vitest";
import { DeviceState, deviceStateBytes } from "./device-state.js";

const CAPACITY = { maxRows: 5, maxTokens: 40, maxBlocksPerRow: 7, blockSize: 16, maxSamples: 9 };

test.each([0, 1, 515])(
  "a vocabulary of %i: the bytes are those that were announced, tables of records there with one",
  (vocabSize) => {
    const backend = createNullBackend();
    const layout = planLayout({ ...CAPACITY, vocabSize });
    const state = new DeviceState(backend, layout, 3);
    expect(backend.memory().tables).toBe(deviceStateBytes(layout, 3));
    const { records } = state.batch.tables;
    expect(records && Object.fromEntries(Object.entries(records).map(([name, { shape }]) => [name, shape]))).toEqual(
      vocabSize > 0 ? recordTableShapes(layout) : undefined,
    );
    state.dispose();
    expect(backend.memory().tables).toBe(0);
  },
);

test("no two tensors share bytes", () => {
  const backend = createNullBackend();
  const state = new DeviceState(backend, planLayout({ ...CAPACITY, vocabSize: 515 }), 3);
  const { plan, tables, inputIds, positions, slots } = state.batch;
  const { blockTables, lastTokens, sampling, records } = tables;
  const own: Tensor[] = [plan, blockTables, lastTokens, sampling, inputIds, positions, slots, state.sampled];
  const ends = [...own, ...Object.values<Tensor>({ ...records! })]
    .map((t) => [t.byteOffset, t.byteOffset + 4 * t.shape.reduce((a, b) => a * b)] as const)
    .sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < ends.length; i++) expect(ends[i]![0]).toBeGreaterThanOrEqual(ends[i - 1]![1]);
  state.dispose();
});
