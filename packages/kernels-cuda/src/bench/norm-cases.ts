// Norms of hidden states and of heads.
import { type FloatDType, type Ops, reshape, slice, type Tensor } from "@octavo/core";
import type { BenchCase } from "./bench-case.js";
import { ALL_ROWS, casesOfRowOps, onMatrices, type RowOp } from "./row-op.js";
import type { ModelShape } from "./shapes.js";

const EPS = 1e-5;

type Norm = (ops: Ops, weight: Tensor, out: Tensor, x: Tensor, residual: Tensor) => void;

/** A norm of hidden states whose rows are in so many matrices: out and x, and the residual where there are three. */
function ofHidden(op: RowOp["op"], hidden: number, matrices: 2 | 3, norm: Norm): RowOp {
  return {
    op,
    width: hidden,
    // The residual is read and written.
    elements: (matrices === 3 ? 4 : 2) * hidden,
    rows: ALL_ROWS,
    prepare(memory, dtype, rows, sets) {
      const [weight] = memory.random(dtype, [hidden], 1);
      const widths = new Array<number>(matrices).fill(hidden);
      const run = onMatrices(widths, (ops, [out, x, residual]) => norm(ops, weight!, out, x, residual));
      return run(memory, dtype, rows, sets);
    },
  };
}

function normOps({ hidden, heads, headDim }: ModelShape): RowOp[] {
  return [
    ofHidden("rmsNorm", hidden, 2, (ops, weight, out, x) => ops.rmsNorm(out, x, weight, EPS)),
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
    ofHidden("addRmsNorm", hidden, 3, (ops, weight, out, x, residual) => ops.addRmsNorm(out, residual, x, weight, EPS)),
    ofHidden("layerNorm", hidden, 2, (ops, weight, out, x) => ops.layerNorm(out, x, weight, weight, EPS)),
    ofHidden("addLayerNorm", hidden, 3, (ops, weight, out, x, residual) =>
      ops.addLayerNorm(out, residual, x, weight, weight, EPS),
    ),
  ];
}

export function normCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return casesOfRowOps(normOps(shape), shape, dtype);
}
