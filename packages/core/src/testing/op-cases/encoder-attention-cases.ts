// Cases of encoderAttention: rows of whole prompts, each token among the tokens before and after it.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { reshape, slice } from "../../tensor.js";
import { type AttentionShape, attentionBatch, type Lengths } from "./attention-batch.js";
import { type CaseOptions, EVERYTHING, optionsOn } from "./attention-options-cases.js";
import { normal } from "./fills.js";
import { type OpCase, TOLERANCES } from "./op-case.js";

type EncoderCase = AttentionShape & CaseOptions;

/** Prompts, one of them empty as a graph's padding is. */
const PROMPTS: Lengths = [
  [0, 33],
  [0, 1],
  [0, 7],
  [0, 0],
  [0, 64],
  [0, 16],
];
const LONG_PROMPTS: Lengths = [
  [0, 129],
  [0, 200],
  [0, 3],
];

const CASES: readonly EncoderCase[] = [
  { name: "one token", why: "a softmax over one key", heads: 1, kvHeads: 1, headDim: 8, lengths: [[0, 1]] },
  ...[8, 16, 24, 32, 64, 80, 96, 128, 256].map((headDim) => ({
    name: "prompts",
    why: `every token sees its whole prompt, and no other's; a head of ${headDim}`,
    heads: 4,
    kvHeads: headDim === 24 ? 2 : 4,
    headDim,
    lengths: PROMPTS,
  })),
  { name: "an odd head", why: "rows end inside a vector", heads: 3, kvHeads: 1, headDim: 9, lengths: PROMPTS },
  { name: "long prompts", why: "several tiles", heads: 4, kvHeads: 2, headDim: 64, lengths: LONG_PROMPTS },
  {
    name: "window 1",
    why: "a token sees itself alone",
    heads: 2,
    kvHeads: 2,
    headDim: 32,
    window: 1,
    lengths: PROMPTS,
  },
  { name: "window 5", why: "smaller than a tile", heads: 2, kvHeads: 2, headDim: 64, window: 5, lengths: LONG_PROMPTS },
  { name: "window 65", why: "several tiles", heads: 4, kvHeads: 4, headDim: 64, window: 65, lengths: LONG_PROMPTS },
  { name: "window 500", why: "larger than a prompt", heads: 2, kvHeads: 1, headDim: 16, window: 500, lengths: PROMPTS },
  {
    name: "slopes",
    why: "the distance counts on both sides",
    heads: 4,
    kvHeads: 4,
    headDim: 64,
    slopes: [0.5, 2 ** -4, 3, 0],
    lengths: LONG_PROMPTS,
  },
  ...[32, 64, 128].map((headDim) => ({
    name: "everything, window 20",
    why: `all options at once with a head of ${headDim}`,
    heads: 6,
    kvHeads: 2,
    headDim,
    window: 20,
    lengths: LONG_PROMPTS,
    ...EVERYTHING,
  })),
];

function encoderCase(dtype: FloatDType, shape: EncoderCase): OpCase {
  const { heads, kvHeads, headDim } = shape;
  return {
    op: "encoderAttention",
    name: `encoderAttention ${dtype} ${shape.name}, ${heads}/${kvHeads} heads of ${headDim}`,
    why: shape.why,
    dtype,
    tolerance: TOLERANCES[dtype],
    prepare(bench) {
      const { random } = bench;
      const { batch, numTokens } = attentionBatch(bench, shape);
      const out = bench.output("out", dtype, [numTokens, heads, headDim]);
      const width = (heads + 2 * kvHeads) * headDim;
      const qkv = bench.input("qkv", dtype, [numTokens, width], normal(random));
      const part = (first: number, count: number) =>
        reshape(slice(qkv, 1, first * headDim, (first + count) * headDim), [numTokens, count, headDim]);
      const [q, k, v] = [part(0, heads), part(heads, kvHeads), part(heads + kvHeads, kvHeads)];
      const options = optionsOn(bench, shape, shape);
      return () => bench.ops.encoderAttention(out, q, k, v, batch, options);
    },
  };
}

export const encoderAttentionCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) =>
  CASES.map((shape) => encoderCase(dtype, shape)),
);
