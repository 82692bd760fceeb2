// Ops over single numbers: activations, sums, factors.
import type { FloatDType } from "@octavo/core";
import { type BenchCase, DECODE_ROWS } from "./bench-case.js";
import { ALL_ROWS, casesOfRowOps, type RowOp } from "./row-op.js";
import type { ModelShape } from "./shapes.js";

function elementOps({ hidden, intermediate, vocabulary }: ModelShape): RowOp[] {
  return [
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
      op: "gatedActivation",
      label: "gelu_tanh",
      width: intermediate,
      elements: 3 * intermediate,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const gateUp = memory.random(dtype, [rows, 2 * intermediate], sets);
        const out = memory.random(dtype, [rows, intermediate], sets);
        return (set) => memory.backend.ops.gatedActivation(out[set]!, gateUp[set]!, "gelu_tanh");
      },
    },
    {
      op: "activate",
      label: "gelu",
      width: intermediate,
      elements: 2 * intermediate,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, intermediate], sets);
        const out = memory.random(dtype, [rows, intermediate], sets);
        return (set) => memory.backend.ops.activate(out[set]!, x[set]!, "gelu");
      },
    },
    {
      op: "add",
      width: hidden,
      elements: 3 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        const out = memory.random(dtype, [rows, hidden], sets);
        return (set) => memory.backend.ops.add(out[set]!, x[set]!);
      },
    },
    {
      op: "scale",
      width: hidden,
      elements: 2 * hidden,
      rows: ALL_ROWS,
      prepare(memory, dtype, rows, sets) {
        const x = memory.random(dtype, [rows, hidden], sets);
        // With another factor, values that are scaled again and again would vanish or overflow.
        return (set) => memory.backend.ops.scale(x[set]!, 1);
      },
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
      op: "softcap",
      width: vocabulary,
      elements: 2 * vocabulary,
      rows: DECODE_ROWS,
      dtype: "float32",
      prepare(memory, dtype, rows, sets) {
        const logits = memory.random(dtype, [rows, vocabulary], sets);
        return (set) => memory.backend.ops.softcap(logits[set]!, 30);
      },
    },
  ];
}

export function elementCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return casesOfRowOps(elementOps(shape), shape, dtype);
}
