// Cases of siluMul.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { Random } from "../random.js";
import type { Fill } from "./case-bench.js";
import { normal, tiny } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

const SHAPES = [
  { tokens: 1, width: 1, why: "the smallest of everything" },
  { tokens: 3, width: 7, why: "rows shorter than a vector; up begins unaligned" },
  { tokens: 7, width: 33, why: "rows that end inside a vector" },
  { tokens: 1, width: 65, why: "one element after whole vectors" },
  { tokens: 33, width: 1536, why: "a real size, enough for several threads" },
];

/** Where exp(-z) is 0, infinite or denormal, and around the ends of a polynomial's range. */
const EDGES = [0, -0, 1e-30, -1e-30, 20, -20, 80, -80, 87.4, -87.4, 88.8, -88.8, 104, -104, 1000, -1000, 60000, -60000];

function siluCase(
  dtype: FloatDType,
  tokens: number,
  width: number,
  name: string,
  why: string,
  fill: (random: Random) => Fill,
): OpCase {
  return {
    op: "siluMul",
    name: `siluMul ${dtype} [${tokens},${width}] ${name}`.trim(),
    why,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, width]);
      const gateUp = bench.input("gateUp", dtype, [tokens, 2 * width], fill(bench.random));
      return () => bench.ops.siluMul(out, gateUp);
    },
  };
}

export const activationCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) => [
  ...SHAPES.map(({ tokens, width, why }) => siluCase(dtype, tokens, width, "", why, (random) => normal(random, 2))),
  siluCase(dtype, 2, 18, "edges", "exp overflows and underflows; no NaN may come of it", () => (i) => {
    return i % 36 < 18 ? EDGES[i % 18]! : 0.5;
  }),
  siluCase(dtype, 3, 41, "denormals", "denormals must not become NaN", (random) => tiny(random, dtype)),
  siluCase(dtype, 1, 40, "infinite gate", "silu of infinity is infinity", (random) => (i) => {
    return i % 5 === 0 && i < 40 ? Number.POSITIVE_INFINITY : 1 + random.uniform();
  }),
]);
