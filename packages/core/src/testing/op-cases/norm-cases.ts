// Cases of the norms over whole rows, alone and after adding to the residual.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { Ops } from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import type { Random } from "../random.js";
import type { CaseBench, Fill } from "./case-bench.js";
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

/** A row with a NaN, one with an infinity, one with neither. */
const notFinite = (random: Random): Fill => {
  return (i) => (i === 5 ? Number.NaN : i === 129 + 7 ? Number.POSITIVE_INFINITY : random.normal());
};

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
  { name: "not finite", why: "a NaN or an infinity stays in its row", eps: 1e-5, fill: notFinite },
  {
    name: "far from zero",
    why: "a variance taken as the mean of squares less the square of the mean would cancel",
    eps: 1e-5,
    fill: (random) => () => 100 + random.normal(),
  },
];

/** A norm with parameters of its own. */
interface NormCall {
  readonly op: "rmsNorm" | "layerNorm";
  readonly addOp: "addRmsNorm" | "addLayerNorm";
  /** In names: "" for the plain one. */
  readonly variant: string;
  readonly norm: (ops: Ops, out: Tensor, x: Tensor, weight: Tensor, bias: Tensor, eps: number) => void;
  readonly addNorm: (
    ops: Ops,
    out: Tensor,
    residual: Tensor,
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    eps: number,
  ) => void;
}

const CALLS: readonly NormCall[] = [
  {
    op: "rmsNorm",
    addOp: "addRmsNorm",
    variant: "",
    norm: (ops, out, x, weight, _bias, eps) => ops.rmsNorm(out, x, weight, eps),
    addNorm: (ops, out, residual, x, weight, _bias, eps) => ops.addRmsNorm(out, residual, x, weight, eps),
  },
  {
    op: "rmsNorm",
    addOp: "addRmsNorm",
    variant: "weights from 1",
    norm: (ops, out, x, weight, _bias, eps) => ops.rmsNorm(out, x, weight, eps, 1),
    addNorm: (ops, out, residual, x, weight, _bias, eps) => ops.addRmsNorm(out, residual, x, weight, eps, 1),
  },
  {
    op: "layerNorm",
    addOp: "addLayerNorm",
    variant: "",
    norm: (ops, out, x, weight, bias, eps) => ops.layerNorm(out, x, weight, bias, eps),
    addNorm: (ops, out, residual, x, weight, bias, eps) => ops.addLayerNorm(out, residual, x, weight, bias, eps),
  },
  {
    op: "layerNorm",
    addOp: "addLayerNorm",
    variant: "without bias",
    norm: (ops, out, x, weight, _bias, eps) => ops.layerNorm(out, x, weight, undefined, eps),
    addNorm: (ops, out, residual, x, weight, _bias, eps) => ops.addLayerNorm(out, residual, x, weight, undefined, eps),
  },
  {
    op: "layerNorm",
    addOp: "addLayerNorm",
    variant: "weights from 1",
    norm: (ops, out, x, weight, bias, eps) => ops.layerNorm(out, x, weight, bias, eps, 1),
    addNorm: (ops, out, residual, x, weight, bias, eps) => ops.addLayerNorm(out, residual, x, weight, bias, eps, 1),
  },
];

function parametersOf(bench: CaseBench, dtype: FloatDType, hidden: number) {
  const weight = bench.input("weight", dtype, [hidden], normal(bench.random));
  const bias = bench.input("bias", dtype, [hidden], normal(bench.random));
  return { weight, bias };
}

function normCase(dtype: FloatDType, call: NormCall, shape: NormShape, values?: NormValues): OpCase {
  const { tokens, hidden, why } = shape;
  return {
    op: call.op,
    name: [call.op, dtype, `[${tokens},${hidden}]`, call.variant, values?.name].filter(Boolean).join(" "),
    why,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 4),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, hidden]);
      const fill = values ? values.fill(bench.random, dtype) : normal(bench.random);
      const x = bench.input("x", dtype, [tokens, hidden], fill);
      const { weight, bias } = parametersOf(bench, dtype, hidden);
      return () => call.norm(bench.ops, out, x, weight, bias, values?.eps ?? 1e-5);
    },
  };
}

function addNormCase(dtype: FloatDType, call: NormCall, { tokens, hidden, why }: NormShape): OpCase {
  return {
    op: call.addOp,
    name: [call.addOp, dtype, `[${tokens},${hidden}]`, call.variant].filter(Boolean).join(" "),
    why: `${why}; the sum is rounded before the norm reads it`,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 4),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, hidden]);
      const residual = bench.output("residual", dtype, [tokens, hidden], { initial: normal(bench.random, 3) });
      const x = bench.input("x", dtype, [tokens, hidden], normal(bench.random));
      const { weight, bias } = parametersOf(bench, dtype, hidden);
      return () => call.addNorm(bench.ops, out, residual, x, weight, bias, 1e-5);
    },
  };
}

function addInPlaceCase(dtype: FloatDType, call: NormCall): OpCase {
  return {
    op: call.addOp,
    name: [call.addOp, dtype, "into x", call.variant].filter(Boolean).join(" "),
    why: "x is read before out is written",
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 4),
    prepare(bench) {
      const residual = bench.output("residual", dtype, [5, 130], { initial: normal(bench.random, 3) });
      const x = bench.output("x", dtype, [5, 130], { initial: normal(bench.random) });
      const { weight, bias } = parametersOf(bench, dtype, 130);
      return () => call.addNorm(bench.ops, x, residual, x, weight, bias, 1e-5);
    },
  };
}

/** Sums of integers below 256 are exact in every dtype, so that the residual has one right answer. */
function exactResidual(dtype: FloatDType, call: NormCall): OpCase {
  return {
    op: call.addOp,
    name: `${call.addOp} ${dtype} residual of exact sums`,
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
      return () => call.addNorm(bench.ops, out, residual, x, weight, weight, 1e-5);
    },
  };
}

export const normCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) =>
  CALLS.flatMap((call) => {
    // A variant differs in the last step only, which some shapes suffice for.
    const shapes = call.variant ? SHAPES.slice(1, 4) : SHAPES;
    return [
      ...shapes.map((shape) => normCase(dtype, call, shape)),
      ...shapes.map((shape) => addNormCase(dtype, call, shape)),
      addInPlaceCase(dtype, call),
      ...(call.variant
        ? []
        : VALUES.map((values) => normCase(dtype, call, { tokens: 3, hidden: 129, why: values.why }, values))),
      ...(call.variant ? [] : [exactResidual(dtype, call)]),
    ];
  }),
);
