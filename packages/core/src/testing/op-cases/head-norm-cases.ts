// Cases of norms inside of larger tensors: strided rows, and heads normed each by itself (as Qwen3, OLMo 2 and Cohere norm
// queries and keys), in place.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { Ops } from "../../ops.js";
import { reshape, slice, type Tensor } from "../../tensor.js";
import { normal } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

interface HeadShape {
  readonly tokens: number;
  readonly heads: number;
  readonly headDim: number;
  readonly why: string;
}

const SHAPES: readonly HeadShape[] = [
  { tokens: 3, heads: 1, headDim: 8, why: "one head shorter than a vector" },
  { tokens: 5, heads: 3, headDim: 17, why: "heads at odd addresses" },
  { tokens: 2, heads: 9, headDim: 64, why: "an odd number of small heads" },
  { tokens: 7, heads: 4, headDim: 80, why: "heads that are no power of two" },
  { tokens: 9, heads: 32, headDim: 128, why: "the usual heads, enough for several threads" },
  { tokens: 2, heads: 2, headDim: 256, why: "the largest head" },
  { tokens: 2, heads: 2, headDim: 1024, why: "heads as wide as hidden states" },
];

const CALLS = [
  {
    op: "rmsNorm",
    call: (ops: Ops, out: Tensor, x: Tensor, weight: Tensor) => ops.rmsNorm(out, x, weight, 1e-6, 0.5),
  },
  {
    op: "layerNorm",
    call: (ops: Ops, out: Tensor, x: Tensor, weight: Tensor, bias: Tensor) => ops.layerNorm(out, x, weight, bias, 1e-6),
  },
] as const;

type NormCall = (typeof CALLS)[number];

/** Heads in the middle of each token's row. */
function inPlaceCase(dtype: FloatDType, { op, call }: NormCall, shape: HeadShape, ownWeights: boolean): OpCase {
  const { tokens, heads, headDim, why } = shape;
  return {
    op,
    name: `${op} ${dtype} [${tokens},${heads},${headDim}] in place, ${ownWeights ? "weights for each head" : "shared weights"}`,
    why: `${why}; values beside the heads stay`,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 4),
    prepare(bench) {
      const { random } = bench;
      const width = (heads + 2) * headDim;
      const all = bench.output("qkv", dtype, [tokens, width], { initial: normal(random, 2) });
      const x = reshape(slice(all, 1, headDim, (heads + 1) * headDim), [tokens, heads, headDim]);
      const parameters = ownWeights ? [heads, headDim] : [headDim];
      const weight = bench.input("weight", dtype, parameters, normal(random));
      const bias = bench.input("bias", dtype, parameters, normal(random));
      return () => call(bench.ops, x, x, weight, bias);
    },
  };
}

function stridedCase(dtype: FloatDType, { op, call }: NormCall): OpCase {
  return {
    op,
    name: `${op} ${dtype} rows of one tensor into rows of another`,
    why: "out and x have strides of their own; what lies between the rows stays",
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 4),
    prepare(bench) {
      const { random } = bench;
      const from = bench.input("x", dtype, [6, 200], normal(random));
      const to = bench.output("out", dtype, [6, 150], { initial: normal(random) });
      const weight = bench.input("weight", dtype, [97], normal(random));
      const bias = bench.input("bias", dtype, [97], normal(random));
      return () => call(bench.ops, slice(to, 1, 53, 150), slice(from, 1, 3, 100), weight, bias);
    },
  };
}

export const headNormCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) =>
  CALLS.flatMap((call) => [
    ...SHAPES.map((shape) => inPlaceCase(dtype, call, shape, false)),
    ...SHAPES.slice(1, 4).map((shape) => inPlaceCase(dtype, call, shape, true)),
    stridedCase(dtype, call),
  ]),
);
