// Layers with experts, at the shape of one model: routing, both linear layers, the sum.
import { DTYPES, type FloatDType, type Routing } from "@octavo/core";
import { type BenchCase, DECODE_ROWS, isQuick, PREFILL_TOKENS, rowsText } from "./bench-case.js";
import type { BenchMemory } from "./bench-memory.js";

/** Qwen3-30B-A3B. */
const SHAPE = { model: "30B-A3B", hidden: 2048, experts: 128, chosen: 8, intermediate: 768 };
const { model, hidden, experts, chosen, intermediate } = SHAPE;

/** As if experts were picked evenly and on their own. */
function routingOf(memory: BenchMemory, tokens: number): Routing {
  const weights = new Float32Array(tokens * chosen).fill(1 / chosen);
  return {
    experts: { ...memory.indices(tokens * chosen, experts, 1), shape: [tokens, chosen], strides: [chosen, 1] },
    weights: memory.float32([tokens, chosen], weights),
  };
}

/** Experts that so many tokens are expected to pick. */
function pickedBy(tokens: number): number {
  return Math.round(experts * (1 - (1 - 1 / experts) ** (tokens * chosen)));
}

function linearCase(
  [name, inFeatures, outFeatures]: readonly [string, number, number],
  tokens: number,
  dtype: FloatDType,
): BenchCase {
  const rows = tokens * chosen;
  // The first layer's input has a row for each token, the second's for each of its experts.
  const inRows = inFeatures === hidden ? tokens : rows;
  const elements = pickedBy(tokens) * inFeatures * outFeatures + inRows * inFeatures + rows * outFeatures;
  return {
    op: "expertLinear",
    model,
    name: `${name} ${inFeatures} to ${outFeatures}, ${rowsText(tokens)}`,
    dtype,
    bytes: elements * DTYPES[dtype].size,
    flops: 2 * rows * inFeatures * outFeatures,
    quick: isQuick(tokens),
    prepare(memory, sets) {
      const stacks = memory.experts(inFeatures, outFeatures, dtype, experts, sets);
      const x = memory.random(dtype, [inRows, inFeatures], sets);
      const out = memory.random(dtype, [rows, outFeatures], sets);
      const routing = routingOf(memory, tokens);
      return (set) => memory.backend.ops.expertLinear(out[set]!, x[set]!, stacks[set]!, routing);
    },
  };
}

function routeCase(tokens: number, dtype: FloatDType): BenchCase {
  return {
    op: "routeExperts",
    model,
    name: `${chosen} of ${experts}, ${rowsText(tokens)}`,
    dtype,
    bytes: tokens * (experts * DTYPES[dtype].size + 8 * chosen),
    flops: 0,
    quick: isQuick(tokens),
    prepare(memory, sets) {
      const logits = memory.random(dtype, [tokens, experts], sets);
      const routing = routingOf(memory, tokens);
      const options = { scoring: "softmax", renormalize: true } as const;
      return (set) => memory.backend.ops.routeExperts(routing, logits[set]!, options);
    },
  };
}

function combineCase(tokens: number, dtype: FloatDType): BenchCase {
  return {
    op: "combineExperts",
    model,
    name: `${chosen} of ${hidden}, ${rowsText(tokens)}`,
    dtype,
    bytes: tokens * (chosen + 1) * hidden * DTYPES[dtype].size,
    flops: 0,
    quick: isQuick(tokens),
    prepare(memory, sets) {
      const x = memory.random(dtype, [tokens * chosen, hidden], sets);
      const out = memory.random(dtype, [tokens, hidden], sets);
      const routing = routingOf(memory, tokens);
      return (set) => memory.backend.ops.combineExperts(out[set]!, x[set]!, routing);
    },
  };
}

export function expertCases(dtype: FloatDType): BenchCase[] {
  const layers = [["gate_up", hidden, 2 * intermediate] as const, ["down", intermediate, hidden] as const];
  const tokens = [...DECODE_ROWS, ...PREFILL_TOKENS];
  return [
    ...layers.flatMap((layer) => tokens.map((count) => linearCase(layer, count, dtype))),
    ...tokens.flatMap((count) => [routeCase(count, dtype), combineCase(count, dtype)]),
  ];
}
