// Cases of linear: every pair of activation and weight dtype, odd sizes, merged parts, and planes as checkpoints hold them.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { LinearPart } from "../../linear.js";
import { slice } from "../../tensor.js";
import type { Random } from "../random.js";
import type { CaseBench, Fill } from "./case-bench.js";
import { normal, smallIntegers } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

interface PartShape {
  readonly outFeatures: number;
  readonly bias?: FloatDType;
  /** What the checkpoint holds. Default: the spec's dtype. */
  readonly stored?: FloatDType;
  readonly byteOffset?: number;
  /** False: the plane lies in JavaScript's memory, as a file that was read without a backend. */
  readonly native?: boolean;
}

interface LinearShape {
  readonly name: string;
  readonly why: string;
  readonly tokens: number;
  readonly inFeatures: number;
  readonly parts: readonly PartShape[];
  /** Elements of x that lie between its rows. */
  readonly gap?: number;
  readonly values?: (random: Random) => Fill;
  readonly weights?: (random: Random) => Fill;
  readonly exact?: boolean;
}

function plain(tokens: number, inFeatures: number, outFeatures: number, why: string): LinearShape {
  return { name: `[${tokens},${inFeatures}] to ${outFeatures}`, why, tokens, inFeatures, parts: [{ outFeatures }] };
}

const SIZES: readonly LinearShape[] = [
  plain(1, 1, 1, "the smallest of everything"),
  plain(1, 7, 3, "rows shorter than a vector"),
  plain(3, 33, 7, "rows that end inside a vector, fewer outputs than a tile"),
  plain(2, 64, 64, "two tokens"),
  plain(4, 65, 33, "one element after whole vectors, an odd tile"),
  plain(5, 128, 17, "a tile and one row more"),
  plain(7, 100, 40, "a multiple of 4 but of no vector"),
  plain(1, 576, 192, "decoding one row"),
  plain(16, 256, 100, "whole tiles of rows"),
  plain(33, 192, 257, "tiles and a rest on both sides"),
  plain(35, 96, 1, "one output: a gate"),
  plain(65, 72, 65, "more rows than a register tile"),
  plain(140, 96, 48, "more rows than are worked on at once"),
];

const OTHER_DTYPES: LinearShape = {
  name: "planes of other dtypes",
  why: "a weight is rounded to the wanted dtype, not used in its own",
  tokens: 4,
  inFeatures: 64,
  parts: [
    { outFeatures: 16, stored: "float32", native: false },
    { outFeatures: 16, stored: "float16" },
    { outFeatures: 16, stored: "bfloat16", native: false },
  ],
};

const SPECIAL: readonly LinearShape[] = [
  {
    name: "qkv with biases",
    why: "parts of odd sizes are stacked in order, one has no bias",
    tokens: 3,
    inFeatures: 48,
    parts: [{ outFeatures: 31, bias: "float32" }, { outFeatures: 9 }, { outFeatures: 9, bias: "bfloat16" }],
  },
  {
    name: "strided x",
    why: "x is a slice of a wider buffer whose other columns are NaN",
    tokens: 5,
    inFeatures: 40,
    gap: 23,
    parts: [{ outFeatures: 24 }],
  },
  {
    name: "misaligned planes",
    why: "checkpoints promise no alignment",
    tokens: 2,
    inFeatures: 67,
    parts: [
      { outFeatures: 20, byteOffset: 1 },
      { outFeatures: 20, byteOffset: 2, stored: "float16" },
      { outFeatures: 5, byteOffset: 3, native: false, bias: "float16" },
    ],
  },
  OTHER_DTYPES,
  {
    name: "zeros",
    why: "no NaN comes of nothing",
    tokens: 3,
    inFeatures: 65,
    parts: [{ outFeatures: 10 }],
    values: () => () => 0,
  },
  {
    name: "integer sums",
    why: "exact in float32 in any order: rounding to the output, and overflow to infinity in float16, have one right answer",
    tokens: 5,
    inFeatures: 33,
    parts: [{ outFeatures: 40 }],
    values: (random) => smallIntegers(random, 250),
    weights: (random) => smallIntegers(random, 250),
    exact: true,
  },
  {
    name: "large and small",
    why: "float16 weights and inputs of very different magnitude; the sum must be wider than its terms",
    tokens: 3,
    inFeatures: 256,
    parts: [{ outFeatures: 33 }],
    values: (random) => () => random.normal() * 2 ** (random.integer(9) - 6),
  },
];

interface DTypes {
  readonly x: FloatDType;
  readonly weight: FloatDType;
  readonly out: FloatDType;
}

function partsOf(bench: CaseBench, shape: LinearShape, dtype: FloatDType): LinearPart[] {
  // Outputs get magnitude about 1 from inputs of magnitude 1.
  const scale = shape.inFeatures ** -0.5;
  const weights = shape.weights?.(bench.random) ?? normal(bench.random, scale);
  return shape.parts.map(({ outFeatures, bias, stored = dtype, byteOffset = 0, native = true }, i) => ({
    name: `layer.${i}.weight`,
    outFeatures,
    planes: {
      format: "dense",
      weight: bench.hostTensor(stored, [outFeatures, shape.inFeatures], weights, {
        byteOffset,
        native,
      }),
    },
    ...(bias && { bias: bench.hostTensor(bias, [outFeatures], normal(bench.random), { byteOffset, native }) }),
  }));
}

/** x as a view into rows that are `gap` wider, with NaN beside it. */
function inputOf(bench: CaseBench, shape: LinearShape, dtype: FloatDType) {
  const { tokens, inFeatures, gap = 0, values = normal } = shape;
  const fill = values(bench.random);
  const width = inFeatures + gap;
  const before = Math.floor(gap / 2);
  const inside = (column: number) => column >= before && column < before + inFeatures;
  const wide = bench.input("x", dtype, [tokens, width], (i) => (inside(i % width) ? fill(i) : Number.NaN));
  return slice(wide, 1, before, before + inFeatures);
}

function linearCase(dtypes: DTypes, shape: LinearShape): OpCase {
  const outFeatures = shape.parts.reduce((sum, part) => sum + part.outFeatures, 0);
  return {
    op: "linear",
    name: `linear ${dtypes.x} x ${dtypes.weight} to ${dtypes.out}, ${shape.name}`,
    why: shape.why,
    dtype: dtypes.out,
    tolerance: shape.exact ? "exact" : scaled(TOLERANCES[dtypes.out], 2),
    prepare(bench) {
      const out = bench.output("out", dtypes.out, [shape.tokens, outFeatures]);
      const x = inputOf(bench, shape, dtypes.x);
      const parts = partsOf(bench, shape, dtypes.weight);
      const weight = bench.linear({ inFeatures: shape.inFeatures, parts, dtype: dtypes.weight });
      return () => bench.ops.linear(out, x, weight);
    },
  };
}

/** The bound is all that the terms can come to: a backend may take subnormal bfloat16 values for zero, but no more than that. */
function subnormalCase(): OpCase {
  const [inFeatures, largest] = [72, 2 ** 110];
  const shape: LinearShape = {
    name: "subnormal x",
    why: "some CPUs take subnormal bfloat16 values for zero; the result is near, and never NaN",
    tokens: 19,
    inFeatures,
    parts: [{ outFeatures: 37 }],
    values: (random) => () => (random.integer(255) - 127) * 2 ** -133,
    weights: (random) => () => (random.integer(3) - 1) * largest,
  };
  const tolerance = { absolute: inFeatures * largest * 2 ** -126, relative: 0, nmse: 1 };
  return { ...linearCase(logits("bfloat16"), shape), tolerance };
}

function updateCase(dtype: FloatDType): OpCase {
  const shape: LinearShape = { ...SPECIAL[0]!, tokens: 2 };
  return {
    op: "linear",
    name: `linear ${dtype} after updateLinear`,
    why: "a new part replaces the old one in place, its neighbours stay",
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const outFeatures = shape.parts.reduce((sum, part) => sum + part.outFeatures, 0);
      const out = bench.output("out", dtype, [shape.tokens, outFeatures]);
      const x = inputOf(bench, shape, dtype);
      const weight = bench.linear({ inFeatures: shape.inFeatures, parts: partsOf(bench, shape, dtype), dtype });
      const replacement = partsOf(bench, shape, dtype);
      bench.backend.updateLinear(weight, 2, replacement[2]!);
      bench.backend.updateLinear(weight, 1, replacement[1]!);
      return () => bench.ops.linear(out, x, weight);
    },
  };
}

const same = (dtype: FloatDType): DTypes => ({ x: dtype, weight: dtype, out: dtype });
const logits = (dtype: FloatDType): DTypes => ({ x: dtype, weight: dtype, out: "float32" });

/** Pairs whose activation and weight differ: one odd shape each is enough. */
const MIXED: readonly DTypes[] = FLOAT_DTYPES.flatMap((x) =>
  FLOAT_DTYPES.filter((weight) => weight !== x).flatMap((weight) => [
    { x, weight, out: x },
    ...(x === "float32" ? [] : [{ x, weight, out: "float32" as const }]),
  ]),
);

export const linearCases: readonly OpCase[] = [
  ...FLOAT_DTYPES.flatMap((dtype) => [
    ...SIZES.map((shape) => linearCase(same(dtype), shape)),
    ...SPECIAL.map((shape) => linearCase(same(dtype), shape)),
    updateCase(dtype),
  ]),
  ...(["float16", "bfloat16"] as const).flatMap((dtype) =>
    [SIZES[4]!, plain(1, 64, 1031, "logits")].map((shape) => linearCase(logits(dtype), shape)),
  ),
  subnormalCase(),
  ...MIXED.map((dtypes) => linearCase(dtypes, SIZES[4]!)),
  // Only a float32 output shows whether weights were rounded.
  ...(["float16", "bfloat16"] as const).map((weight) =>
    linearCase({ x: "float32", weight, out: "float32" }, OTHER_DTYPES),
  ),
];
