// The ops between logits and tokens, one after the other: what one leaves is what the next takes.
import { NO_TOKEN, RowFlags, type Tensor } from "@octavo/core";
import {
  allowedRecord,
  type BatchRow,
  CaseBench,
  preparedBatch,
  type RowSampling,
  seededRandom,
} from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { afterAll, describe, expect, test } from "vitest";
import { instructionSets } from "./instruction-sets.js";

const SAMPLING: RowSampling = { temperature: 1.3, topP: 0.8, minP: 0.01, topK: 30, seedLow: 5, seedHigh: 6, choice: 0 };

describe.each(instructionSets)("%s", (isa) => {
  const backend = createBackend({ isa, numThreads: 2 });
  afterAll(() => backend.dispose());

  function ints({ storage, byteOffset }: Tensor, count: number): number[] {
    const { buffer, byteOffset: begin } = storage.bytes!;
    return [...new Int32Array(buffer, begin + byteOffset, count)];
  }

  test.each([0, 1])("a mask that allows nothing leaves no token, at temperature %i", (temperature) => {
    using bench = new CaseBench(backend, 1);
    const row = { contextLen: 0, queryLen: 1, blocks: [1], sampling: { ...SAMPLING, temperature } };
    const rows: BatchRow[] = [
      { ...row, row: 0, adjustment: { flags: RowFlags.allowed }, records: [allowedRecord([])] },
      { ...row, row: 1, adjustment: { flags: RowFlags.allowed }, records: [allowedRecord([40])] },
    ];
    const spec = { rows, maxRows: 2, maxTokens: 2, blockSize: 16, maxBlocksPerRow: 1, vocabSize: 41 };
    const { batch } = preparedBatch(bench, spec);
    const logits = bench.output("logits", "float32", [2, 41], { initial: (i) => -i });
    const tokens = bench.output("tokens", "int32", [2]);
    backend.ops.adjustLogits(logits, batch);
    backend.ops.filterLogits(logits, batch);
    backend.ops.sample(tokens, logits, batch);
    expect(ints(tokens, 2)).toEqual([NO_TOKEN, 40]);
    expect(ints(batch.tables.lastTokens, 2)).toEqual([0, 40]);
  });

  test("sample draws what filterLogits keeps, and draws all of it", () => {
    const [count, vocabSize] = [3000, 101];
    using bench = new CaseBench(backend, 2);
    const random = seededRandom(7);
    const values = Array.from({ length: vocabSize }, () => random.normal());
    const rows = Array.from({ length: count }, (_, row): BatchRow => {
      return { row, contextLen: row, queryLen: 1, blocks: [1], sampling: SAMPLING };
    });
    const spec = { rows, maxRows: count, maxTokens: count, blockSize: count, maxBlocksPerRow: 1 };
    const { batch } = preparedBatch(bench, spec);
    const logits = bench.output("logits", "float32", [count, vocabSize], { initial: (i) => values[i % vocabSize]! });
    const tokens = bench.output("tokens", "int32", [count]);
    backend.ops.sample(tokens, logits, batch);
    backend.ops.filterLogits(logits, batch);
    const { buffer, byteOffset } = logits.storage.bytes!;
    const filtered = new Float32Array(buffer, byteOffset + logits.byteOffset, vocabSize);
    const kept = [...filtered.keys()].filter((token) => filtered[token]! > Number.NEGATIVE_INFINITY);
    expect(kept.length).toBeGreaterThan(5);
    expect([...new Set(ints(tokens, count))].sort((a, b) => a - b)).toEqual(kept);
  });
});
