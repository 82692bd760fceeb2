// Cases of add, scale, clamp, softcap and xielu.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { listed, normal, smallIntegers } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

const SHAPES = [
  { tokens: 1, hidden: 1, why: "the smallest of everything" },
  { tokens: 3, hidden: 7, why: "fewer elements than two vectors" },
  { tokens: 7, hidden: 33, why: "an end inside a vector" },
  { tokens: 65, hidden: 576, why: "a real hidden size, enough for several threads" },
] as const;

function addCase(dtype: FloatDType, { tokens, hidden, why }: (typeof SHAPES)[number]): OpCase {
  return {
    op: "add",
    name: `add ${dtype} [${tokens},${hidden}]`,
    why,
    dtype,
    tolerance: TOLERANCES[dtype],
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, hidden], { initial: normal(bench.random) });
      const x = bench.input("x", dtype, [tokens, hidden], normal(bench.random));
      return () => bench.ops.add(out, x);
    },
  };
}

function exactSums(dtype: FloatDType): OpCase {
  return {
    op: "add",
    name: `add ${dtype} of integers and infinities`,
    why: "sums that are exact are exact, and infinities stay",
    dtype,
    tolerance: "exact",
    prepare(bench) {
      const integer = smallIntegers(bench.random, 100);
      const odd = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      const out = bench.output("out", dtype, [3, 43], { initial: (i) => odd[i % 9] ?? integer(i) });
      const x = bench.input("x", dtype, [3, 43], integer);
      return () => bench.ops.add(out, x);
    },
  };
}

function scaleCase(dtype: FloatDType, factor: number, { tokens, hidden, why }: (typeof SHAPES)[number]): OpCase {
  return {
    op: "scale",
    name: `scale ${dtype} [${tokens},${hidden}] by ${factor}`,
    why,
    dtype,
    tolerance: TOLERANCES[dtype],
    prepare(bench) {
      const x = bench.output("x", dtype, [tokens, hidden], { initial: normal(bench.random) });
      return () => bench.ops.scale(x, factor);
    },
  };
}

function clampCase(dtype: FloatDType, limit: number, { tokens, hidden, why }: (typeof SHAPES)[number]): OpCase {
  return {
    op: "clamp",
    name: `clamp ${dtype} [${tokens},${hidden}] to ${limit}`,
    why,
    dtype,
    tolerance: "exact",
    prepare(bench) {
      const x = bench.output("x", dtype, [tokens, hidden], { initial: normal(bench.random, 2) });
      return () => bench.ops.clamp(x, limit);
    },
  };
}

const CLAMP_EDGES = [
  ...[0, -0, 8, -8, 7.96875, -7.96875, 8.0625, -8.0625, 60000, -60000],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

function clampEdges(dtype: FloatDType): OpCase {
  return {
    op: "clamp",
    name: `clamp ${dtype} of edges`,
    why: "values at the limit and next to it, infinities end there, the sign of zero stays",
    dtype,
    tolerance: "exact",
    prepare: clampOf(dtype, CLAMP_EDGES),
  };
}

function clampNan(dtype: FloatDType): OpCase {
  return {
    op: "clamp",
    name: `clamp ${dtype} of NaN`,
    why: "NaN stays; which of them is the device's business",
    dtype,
    tolerance: { absolute: 0, relative: 0, nmse: 0 },
    prepare: clampOf(dtype, [Number.NaN, 1, 9]),
  };
}

function clampOf(dtype: FloatDType, values: readonly number[]): OpCase["prepare"] {
  return (bench) => {
    const x = bench.output("x", dtype, [1, values.length], { initial: listed(values) });
    return () => bench.ops.clamp(x, 8);
  };
}

/** What tanh of a float32 may be off by: less than what 1 - 2 / (e^2y + 1) loses near 0. */
const SOFTCAP = { absolute: 1e-37, relative: 2e-6, nmse: 1e-12 };

function softcapCase(tokens: number, vocabulary: number, scale: number, why: string): OpCase {
  return {
    op: "softcap",
    name: `softcap [${tokens},${vocabulary}] of values near ${scale}`,
    why,
    dtype: "float32",
    tolerance: SOFTCAP,
    prepare(bench) {
      const logits = bench.output("logits", "float32", [tokens, vocabulary], {
        initial: normal(bench.random, scale),
      });
      return () => bench.ops.softcap(logits, 30);
    },
  };
}

const SOFTCAP_EDGES = [
  ...[0, -0, 1e-30, -1e-30, 31.2, 31.3, -31.2, -31.3, 500, -500, 3e38, -3e38],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
];

const softcapEdges: OpCase = {
  op: "softcap",
  name: "softcap of edges",
  why: "tanh near 0, where its two formulas meet, and where it is 1; NaN stays",
  dtype: "float32",
  tolerance: SOFTCAP,
  prepare(bench) {
    const logits = bench.output("logits", "float32", [1, SOFTCAP_EDGES.length], { initial: listed(SOFTCAP_EDGES) });
    return () => bench.ops.softcap(logits, 50);
  },
};

/** Around 0, where e^z - 1 - z cancels, around the end of a polynomial's range, and where e^z is 0. */
const XIELU_EDGES = [0, -0, 1e-4, -1e-6, -1e-4, -0.01, -0.24, -0.26, -0.49, -0.51, -1, -20, -104, -1000, 30, 200];

function xieluCase(
  dtype: FloatDType,
  alphas: readonly number[],
  { tokens, hidden, why }: (typeof SHAPES)[number],
): OpCase {
  return {
    op: "xielu",
    name: `xielu ${dtype} [${tokens},${hidden}] by ${alphas.join(" and ")}`,
    why,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const x = bench.output("x", dtype, [tokens, hidden], { initial: normal(bench.random, 3) });
      const factors = bench.input("alphas", "float32", [2], listed(alphas));
      return () => bench.ops.xielu(x, factors);
    },
  };
}

function xieluEdges(dtype: FloatDType): OpCase {
  return {
    op: "xielu",
    name: `xielu ${dtype} of edges`,
    why: "small negative numbers keep their precision, large ones do not overflow",
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const x = bench.output("x", dtype, [1, XIELU_EDGES.length], { initial: listed(XIELU_EDGES) });
      const factors = bench.input("alphas", "float32", [2], listed([0.2, -1]));
      return () => bench.ops.xielu(x, factors);
    },
  };
}

export const elementCases: readonly OpCase[] = [
  ...FLOAT_DTYPES.flatMap((dtype) => [
    ...SHAPES.map((shape) => addCase(dtype, shape)),
    exactSums(dtype),
    ...SHAPES.map((shape, i) => scaleCase(dtype, [0.25, -3, 45.254833995939045, 1e-3][i]!, shape)),
    ...SHAPES.map((shape, i) => clampCase(dtype, [1, 0.5, 2.25, 3][i]!, shape)),
    clampEdges(dtype),
    clampNan(dtype),
    ...SHAPES.map((shape, i) =>
      xieluCase(
        dtype,
        [
          [0.2, -1],
          [-3, 2],
          [30, 25],
          [0, 0],
        ][i]!,
        shape,
      ),
    ),
    xieluEdges(dtype),
  ]),
  softcapCase(1, 1, 5, "the smallest of everything"),
  softcapCase(3, 1003, 0.5, "small logits keep their precision"),
  softcapCase(9, 1024, 40, "bent logits, enough for several threads"),
  softcapEdges,
];
