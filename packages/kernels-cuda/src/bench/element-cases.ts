// Ops over single numbers: activations, sums, factors.
import type { FloatDType } from "@octavo/core";
import { type BenchCase, DECODE_ROWS } from "./bench-case.js";
import { ALL_ROWS, casesOfRowOps, onMatrices, type RowOp } from "./row-op.js";
import type { ModelShape } from "./shapes.js";

function elementOps({ hidden, intermediate, vocabulary }: ModelShape): RowOp[] {
  const gated = { op: "gatedActivation", width: intermediate, elements: 3 * intermediate, rows: ALL_ROWS } as const;
  const gatedWidths = [intermediate, 2 * intermediate];
  return [
    {
      ...gated,
      prepare: onMatrices(gatedWidths, (ops, [out, gateUp]) => ops.gatedActivation(out, gateUp, "silu")),
    },
    {
      ...gated,
      label: "gelu_tanh",
      prepare: onMatrices(gatedWidths, (ops, [out, gateUp]) => ops.gatedActivation(out, gateUp, "gelu_tanh")),
    },
    {
      op: "activate",
      label: "gelu",
      width: intermediate,
      elements: 2 * intermediate,
      rows: ALL_ROWS,
      prepare: onMatrices([intermediate, intermediate], (ops, [out, x]) => ops.activate(out, x, "gelu")),
    },
    {
      op: "add",
      width: hidden,
      elements: 3 * hidden,
      rows: ALL_ROWS,
      prepare: onMatrices([hidden, hidden], (ops, [out, x]) => ops.add(out, x)),
    },
    {
      op: "scale",
      width: hidden,
      elements: 2 * hidden,
      rows: ALL_ROWS,
      // With another factor, values that are scaled again and again would vanish or overflow.
      prepare: onMatrices([hidden], (ops, [x]) => ops.scale(x, 1)),
    },
    {
      op: "clamp",
      width: hidden,
      elements: 2 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        return (set) => memory.backend.ops.clamp(x[set]!, 8);
      },
    },
    {
      op: "xielu",
      width: hidden,
      elements: 2 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        const [alphas] = memory.random("float32", [1, 2], 1);
        return (set) => memory.backend.ops.xielu(x[set]!, alphas!);
      },
    },
    {
      op: "softcap",
      width: vocabulary,
      elements: 2 * vocabulary,
      rows: DECODE_ROWS,
      dtype: "float32",
      prepare: onMatrices([vocabulary], (ops, [logits]) => ops.softcap(logits, 30)),
    },
  ];
}

export function elementCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return casesOfRowOps(elementOps(shape), shape, dtype);
}
