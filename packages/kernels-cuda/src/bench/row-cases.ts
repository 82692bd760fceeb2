// Lookups of rows.
import type { FloatDType } from "@octavo/core";
import { type BenchCase, DECODE_ROWS } from "./bench-case.js";
import { ALL_ROWS, casesOfRowOps, type RowOp } from "./row-op.js";
import type { ModelShape } from "./shapes.js";

function rowOps({ hidden, vocabulary }: ModelShape): RowOp[] {
  return [
    {
      op: "embedding",
      width: hidden,
      elements: 2 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const [table] = memory.random(dtype, [vocabulary, hidden], 1);
        const ids = Array.from({ length: sets }, (_, set) => memory.indices(rows, vocabulary, set));
        const out = memory.random(dtype, [rows, hidden], sets);
        return (set) => memory.backend.ops.embedding(out[set]!, table!, ids[set]!);
      },
    },
    {
      op: "addEmbedding",
      width: hidden,
      elements: 3 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const [table] = memory.random(dtype, [vocabulary, hidden], 1);
        const ids = Array.from({ length: sets }, (_, set) => memory.indices(rows, vocabulary - 2, set));
        const out = memory.random(dtype, [rows, hidden], sets);
        return (set) => memory.backend.ops.addEmbedding(out[set]!, table!, ids[set]!, 2);
      },
    },
    {
      op: "gatherRows",
      width: hidden,
      elements: 2 * hidden,
      rows: DECODE_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        const out = memory.random(dtype, [rows, hidden], sets);
        const indices = memory.indices(rows, rows, 0);
        return (set) => memory.backend.ops.gatherRows(out[set]!, x[set]!, indices);
      },
    },
  ];
}

export function rowCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return casesOfRowOps(rowOps(shape), shape, dtype);
}
