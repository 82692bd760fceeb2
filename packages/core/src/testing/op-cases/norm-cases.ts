// Cases of rmsNorm and addRmsNorm.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { Random } from "../random.js";
import type { Fill } from "./case-bench.js";
import { normal, tiny } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

interface NormShape {
  readonly tokens: number;
  readonly hidden: number;
  readonly why: string;
}

const SHAPES: readonly NormShape[] = [
  { tokens: 1, hidden: 1, why: "a mean over one element" },
  { tokens: 3, hidden: 7, why: "rows shorter than a vector" },
  { tokens: 7, hidden: 33, why: "rows that end inside a vector" },
  { tokens: 1, hidden: 65, why: "one element after whole vectors" },
  { tokens: 33, hidden: 576, why: "a real hidden size" },
  { tokens: 70, hidden: 1024, why: "enough for several threads" },
];

interface NormValues {
  readonly name: string;
  readonly why: string;
  readonly eps: number;
  fill(random: Random, dtype: FloatDType): Fill;
}

const VALUES: readonly NormValues[] = [
  { name: "zeros", why: "eps alone keeps the division finite", eps: 1e-6, fill: () => () => 0 },
  { name: "denormals", why: "squares vanish, eps remains", eps: 1e-5, fill: tiny },
  {
    name: "large magnitudes",
    why: "the sum of squares must be float32 even where the elements are float16",
    eps: 1e-5,
    fill: (random, dtype) => normal(random, dtype === "float16" ? 15000 : 1e15),
  },
  {
    name: "one outlier",
    why: "the other elements' squares must not matter, their outputs must be right",
    eps: 1e-5,
    fill: (random) => (i) => (i % 129 === 100 ? 3000 : random.normal()),
  },
  {
    name: "a large eps",
    why: "eps stands inside of the root, after the mean",
    eps: 4,
    fill: (random) => normal(random),
  },
];

function rmsNormCase(dtype: FloatDType, shape: NormShape, name: string, eps: number, fill: NormValues["fill"]): OpCase {
  const { tokens, hidden, why } = shape;
  return {
    op: "rmsNorm",
    name: `rmsNorm ${dtype} [${tokens},${hidden}] ${name}`.trim(),
    why,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 4),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, hidden]);
      const x = bench.input("x", dtype, [tokens, hidden], fill(bench.random, dtype));
      const weight = bench.input("weight", dtype, [hidden], normal(bench.random));
      return () => bench.ops.rmsNorm(out, x, weight, eps);
    },
  };
}

function addRmsNormCase(dtype: FloatDType, { tokens, hidden, why }: NormShape): OpCase {
  return {
    op: "addRmsNorm",
    name: `addRmsNorm ${dtype} [${tokens},${hidden}]`,
    why: `${why}; the sum is rounded before the norm reads it`,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 4),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, hidden]);
      const residual = bench.output("residual", dtype, [tokens, hidden], { initial: normal(bench.random, 3) });
      const x = bench.input("x", dtype, [tokens, hidden], normal(bench.random));
      const weight = bench.input("weight", dtype, [hidden], normal(bench.random));
      return () => bench.ops.addRmsNorm(out, residual, x, weight, 1e-5);
    },
  };
}

/** Sums of integers below 256 are exact in every dtype, so that the residual has one right answer. */
function exactResidual(dtype: FloatDType): OpCase {
  return {
    op: "addRmsNorm",
    name: `addRmsNorm ${dtype} residual of exact sums`,
    why: "the residual is the sum itself, not something near it",
    dtype,
    tolerance: "exact",
    prepare(bench) {
      const { random } = bench;
      const shape = [5, 130];
      const out = bench.output("out", dtype, shape, { compared: 0 });
      const residual = bench.output("residual", dtype, shape, { initial: () => random.integer(100) });
      const x = bench.input("x", dtype, shape, () => random.integer(100) - 50);
      const weight = bench.input("weight", dtype, [130], () => 1);
      return () => bench.ops.addRmsNorm(out, residual, x, weight, 1e-5);
    },
  };
}

export const normCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) => [
  ...SHAPES.map((shape) => rmsNormCase(dtype, shape, "", 1e-5, (random) => normal(random))),
  ...SHAPES.map((shape) => addRmsNormCase(dtype, shape)),
  ...VALUES.map(({ name, why, eps, fill }) => rmsNormCase(dtype, { tokens: 3, hidden: 129, why }, name, eps, fill)),
  exactResidual(dtype),
]);
