// Norms of hidden states and of heads.
import { type FloatDType, reshape, slice } from "@octavo/core";
import type { BenchCase } from "./bench-case.js";
import { ALL_ROWS, casesOfRowOps, type RowOp } from "./row-op.js";
import type { ModelShape } from "./shapes.js";

const EPS = 1e-5;

function normOps({ hidden, heads, headDim }: ModelShape): RowOp[] {
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
      op: "rmsNorm",
      label: `${heads} heads in place`,
      width: headDim,
      elements: 2 * heads * headDim,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const width = heads * headDim;
        const x = memory
          .random(dtype, [rows, 2 * width], sets)
          .map((qkv) => reshape(slice(qkv, 1, 0, width), [rows, heads, headDim]));
        const [weight] = memory.random(dtype, [headDim], 1);
        return (set) => memory.backend.ops.rmsNorm(x[set]!, x[set]!, weight!, EPS);
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
      op: "addLayerNorm",
      width: hidden,
      elements: 4 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        const residual = memory.random(dtype, [rows, hidden], sets);
        const out = memory.random(dtype, [rows, hidden], sets);
        const [weight] = memory.random(dtype, [hidden], 1);
        return (set) => memory.backend.ops.addLayerNorm(out[set]!, residual[set]!, x[set]!, weight!, weight!, EPS);
      },
    },
  ];
}

export function normCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return casesOfRowOps(normOps(shape), shape, dtype);
}
