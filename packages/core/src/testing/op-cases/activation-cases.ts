// Cases of activate and gatedActivation.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { Activation, GatedActivation } from "../../ops.js";
import type { Random } from "../random.js";
import type { Fill } from "./case-bench.js";
import { normal, tiny } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

const ACTIVATIONS: readonly Activation[] = ["silu", "gelu", "gelu_tanh", "relu", "quick_gelu", "relu2"];
const GATED: readonly GatedActivation[] = [...ACTIVATIONS, "swiglu_oai"];

interface ActivationShape {
  readonly tokens: number;
  readonly width: number;
  readonly why: string;
}

const SHAPES: readonly ActivationShape[] = [
  { tokens: 1, width: 1, why: "the smallest of everything" },
  { tokens: 3, width: 7, why: "rows shorter than a vector; up begins unaligned" },
  { tokens: 7, width: 33, why: "rows that end inside a vector" },
  { tokens: 1, width: 65, why: "one element after whole vectors" },
  { tokens: 33, width: 1536, why: "a real size, enough for several threads" },
];

/** Where exp(-z) is 0, infinite or denormal, around the ends of a polynomial's range, and where the tails of gelu end. */
const EDGES = [
  ...[0, 1e-30, 1e-4, 0.624, 0.626, 2.5, 3.1, 5, 9, 13, 14.5, 20, 80, 87.4, 88.8, 104, 1000, 60000],
  ...[-0, -1e-30, -1e-4, -0.624, -2.5, -3.1, -5, -9, -13, -14.5, -20, -80, -87.4, -88.8, -104, -1000, -60000],
];

interface Values extends ActivationShape {
  readonly name: string;
  /** Of the gate, or of x. */
  fill(random: Random, dtype: FloatDType): Fill;
  /** Default: random. */
  up?(random: Random): Fill;
}

const VALUES: readonly Values[] = [
  {
    name: "edges",
    tokens: 2,
    width: EDGES.length,
    why: "exp overflows and underflows; no NaN may come of it",
    fill: () => (i) => EDGES[i % EDGES.length]!,
    up: () => () => 0.5,
  },
  { name: "denormals", tokens: 3, width: 41, why: "denormals must not become NaN", fill: tiny },
  {
    name: "not finite",
    tokens: 1,
    width: 40,
    why: "of infinity comes infinity, of NaN NaN, and their neighbours stay",
    fill: (random) => (i) => [Number.POSITIVE_INFINITY, Number.NaN][i % 5] ?? random.normal(),
    up: (random) => (i) => (i === 39 ? Number.NaN : 1 + random.uniform()),
  },
];

const LIMITS: Values = {
  name: "beyond the limits",
  tokens: 3,
  width: 41,
  why: "the gate is bounded above only, up on both sides",
  fill: (random) => normal(random, 9),
  up: (random) => normal(random, 9),
};

const randomValues = (shape: ActivationShape): Values => ({ ...shape, name: "", fill: (of) => normal(of, 2) });

function aloneCase(dtype: FloatDType, activation: Activation, values: Values): OpCase {
  const { tokens, width, name, why, fill } = values;
  return {
    op: "activate",
    name: `activate ${activation} ${dtype} [${tokens},${width}] ${name}`.trim(),
    why,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, width]);
      const x = bench.input("x", dtype, [tokens, width], fill(bench.random, dtype));
      return () => bench.ops.activate(out, x, activation);
    },
  };
}

function inPlaceCase(dtype: FloatDType, activation: Activation): OpCase {
  return {
    op: "activate",
    name: `activate ${activation} ${dtype} in place`,
    why: "each element is read before it is written",
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const x = bench.output("x", dtype, [3, 41], { initial: normal(bench.random, 2) });
      return () => bench.ops.activate(x, x, activation);
    },
  };
}

function gatedCase(dtype: FloatDType, activation: GatedActivation, values: Values): OpCase {
  const { tokens, width, name, why, fill, up } = values;
  return {
    op: "gatedActivation",
    name: `gatedActivation ${activation} ${dtype} [${tokens},${width}] ${name}`.trim(),
    why,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, width]);
      const gates = fill(bench.random, dtype);
      const ups = up?.(bench.random) ?? fill(bench.random, dtype);
      const gateUp = bench.input("gateUp", dtype, [tokens, 2 * width], (i) => {
        const column = i % (2 * width);
        const element = Math.floor(i / (2 * width)) * width + (column % width);
        return column < width ? gates(element) : ups(element);
      });
      return () => bench.ops.gatedActivation(out, gateUp, activation);
    },
  };
}

export const activationCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) => [
  ...ACTIVATIONS.flatMap((activation) => [
    // What a shape can break is the same for every function.
    ...(activation === "gelu" ? SHAPES : SHAPES.slice(2, 4)).map((s) => aloneCase(dtype, activation, randomValues(s))),
    ...VALUES.map((values) => aloneCase(dtype, activation, values)),
    inPlaceCase(dtype, activation),
  ]),
  ...GATED.flatMap((activation) => [
    ...(activation === "silu" ? SHAPES : SHAPES.slice(2, 4)).map((s) => gatedCase(dtype, activation, randomValues(s))),
    ...VALUES.map((values) => gatedCase(dtype, activation, values)),
  ]),
  gatedCase(dtype, "swiglu_oai", LIMITS),
]);
