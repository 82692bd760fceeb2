// Cases of headLinear: a layer for each head of a token.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { slice } from "../../tensor.js";
import { partOf, rounded } from "./block-linear-cases.js";
import { normal } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

interface HeadShape {
  readonly why: string;
  readonly tokens: number;
  readonly heads: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Whether all heads of a token read the same row. */
  readonly sharesInput?: boolean;
  /** Elements between rows, of x and of out. */
  readonly gap?: number;
}

const SHAPES: readonly HeadShape[] = [
  { why: "the smallest of everything", tokens: 1, heads: 1, inFeatures: 1, outFeatures: 1 },
  { why: "decoding one token", tokens: 1, heads: 16, inFeatures: 64, outFeatures: 48 },
  { why: "rows that end inside a vector", tokens: 5, heads: 3, inFeatures: 33, outFeatures: 7 },
  { why: "decoding one token of many heads", tokens: 1, heads: 128, inFeatures: 128, outFeatures: 24 },
  { why: "rows beside others, of x and of out", tokens: 9, heads: 6, inFeatures: 40, outFeatures: 32, gap: 8 },
  { why: "all heads read one row", tokens: 4, heads: 5, inFeatures: 56, outFeatures: 16, sharesInput: true, gap: 8 },
  { why: "a prompt: more rows of a head than a tile", tokens: 70, heads: 4, inFeatures: 72, outFeatures: 130 },
  {
    why: "a prompt whose heads read one row",
    tokens: 70,
    heads: 8,
    inFeatures: 64,
    outFeatures: 24,
    sharesInput: true,
  },
];

function headCase(dtype: FloatDType, shape: HeadShape, format: FloatDType | "q8_0" = dtype): OpCase {
  const { why, tokens, heads, inFeatures, outFeatures, sharesInput = false, gap = 0 } = shape;
  const rows = tokens * heads;
  return {
    op: "headLinear",
    name: `headLinear ${dtype} x ${format}, ${tokens} tokens, ${heads} heads, ${inFeatures} to ${outFeatures}${sharesInput ? ", one input" : ""}`,
    why,
    dtype,
    tolerance: format === "q8_0" ? rounded(dtype, rows * outFeatures) : scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const { random } = bench;
      const wide = bench.output("out", dtype, [rows, outFeatures + gap], { initial: normal(random) });
      const fill = normal(random);
      const x = bench.input("x", dtype, [sharesInput ? tokens : rows, inFeatures + gap], (i) =>
        i % (inFeatures + gap) < inFeatures ? fill(i) : Number.NaN,
      );
      const weights = Array.from({ length: heads }, () =>
        bench.linear({ inFeatures, dtype, parts: [partOf(bench, { format, outFeatures }, 0, inFeatures)] }),
      );
      const stack = bench.experts(weights);
      return () => bench.ops.headLinear(slice(wide, 1, 0, outFeatures), slice(x, 1, 0, inFeatures), stack);
    },
  };
}

export const headLinearCases: readonly OpCase[] = [
  ...FLOAT_DTYPES.flatMap((dtype) => SHAPES.map((shape) => headCase(dtype, shape))),
  headCase("float32", SHAPES[1]!, "q8_0"),
];
