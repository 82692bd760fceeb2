// Ops over independent rows: norms, activation, lookups.
import { DTYPES, type FloatDType } from "@octavo/core";
import { type BenchCase, DECODE_ROWS, isQuick, PREFILL_TOKENS, type Run, rowsText } from "./bench-case.js";
import type { BenchMemory } from "./bench-memory.js";
import type { ModelShape } from "./shapes.js";

const EPS = 1e-5;

interface RowOp {
  readonly op: BenchCase["op"];
  /** Elements of a row, for the name. */
  readonly width: number;
  /** Elements that a row reads and writes; what all rows share does not count. */
  readonly elements: number;
  /** Rows that are usual: lookups of hidden states have one a sample. */
  readonly rows: readonly number[];
  prepare(memory: BenchMemory, dtype: FloatDType, rows: number, sets: number): Run;
}

const ALL_ROWS = [...DECODE_ROWS, ...PREFILL_TOKENS];

function rowOps({ hidden, intermediate, vocabulary }: ModelShape): RowOp[] {
  return [
    {
      op: "rmsNorm",
      width: hidden,
      elements: 2 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        const out = memory.random(dtype, [rows, hidden], sets);
        const [weight] = memory.random(dtype, [hidden], 1);
        return (set) => memory.backend.ops.rmsNorm(out[set]!, x[set]!, weight!, EPS);
      },
    },
    {
      op: "addRmsNorm",
      width: hidden,
      elements: 4 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        const residual = memory.random(dtype, [rows, hidden], sets);
        const out = memory.random(dtype, [rows, hidden], sets);
        const [weight] = memory.random(dtype, [hidden], 1);
        return (set) => memory.backend.ops.addRmsNorm(out[set]!, residual[set]!, x[set]!, weight!, EPS);
      },
    },
    {
      op: "layerNorm",
      width: hidden,
      elements: 2 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        const out = memory.random(dtype, [rows, hidden], sets);
        const [weight] = memory.random(dtype, [hidden], 1);
        return (set) => memory.backend.ops.layerNorm(out[set]!, x[set]!, weight!, weight!, EPS);
      },
    },
    {
      op: "gatedActivation",
      width: intermediate,
      elements: 3 * intermediate,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const gateUp = memory.random(dtype, [rows, 2 * intermediate], sets);
        const out = memory.random(dtype, [rows, intermediate], sets);
        return (set) => memory.backend.ops.gatedActivation(out[set]!, gateUp[set]!, "silu");
      },
    },
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
  return rowOps(shape).flatMap(({ op, width, elements, rows: counts, prepare }) =>
    counts.map((rows) => ({
      op,
      model: shape.model,
      name: `${width} wide, ${rowsText(rows)}`,
      dtype,
      bytes: rows * elements * DTYPES[dtype].size,
      flops: 0,
      quick: isQuick(rows),
      prepare: (memory: BenchMemory, sets: number) => prepare(memory, dtype, rows, sets),
    })),
  );
}
