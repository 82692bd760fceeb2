// Cases of logprobs. Tokens and ranks must be the reference's: no rounding decides them.
import type { LogprobKind } from "../../ops.js";
import type { Random } from "../random.js";
import type { Fill } from "./case-bench.js";
import { normal } from "./fills.js";
import type { OpCase } from "./op-case.js";

interface LogprobsShape {
  readonly name: string;
  readonly why: string;
  readonly vocabSize: number;
  readonly rows: number;
  readonly alternatives: number;
  /** Default: "logprobs". */
  readonly kind?: LogprobKind;
  readonly logits?: (random: Random, vocabSize: number) => Fill;
  /** Default: any token of the vocabulary. */
  readonly picked?: (row: number, random: Random) => number;
}

const SHAPES: readonly LogprobsShape[] = [
  { name: "one token", why: "a vocabulary of one", vocabSize: 1, rows: 2, alternatives: 1 },
  { name: "none beside the picked", why: "logprobs: 0", vocabSize: 515, rows: 5, alternatives: 0 },
  { name: "plain", why: "a few alternatives", vocabSize: 1031, rows: 7, alternatives: 5 },
  { name: "all of a small vocabulary", why: "as many alternatives as tokens", vocabSize: 7, rows: 33, alternatives: 7 },
  {
    name: "ties",
    why: "the lowest ids first, across threads; ties do not raise a rank",
    vocabSize: 2600,
    rows: 9,
    alternatives: 20,
    logits: (random) => () => random.integer(3),
  },
  {
    name: "all equal",
    why: "the first ids, each with the logarithm of 1 / V",
    vocabSize: 1500,
    rows: 2,
    alternatives: 20,
    logits: () => () => -3.5,
  },
  {
    name: "in ascending order",
    why: "each token is better than all before it",
    vocabSize: 3000,
    rows: 2,
    alternatives: 20,
    logits: (_, vocabSize) => (i) => (i % vocabSize) / 64,
  },
  {
    name: "the best side by side",
    why: "many of the best belong to neighbouring ids, and to one thread of a block of 1024",
    vocabSize: 9000,
    rows: 3,
    alternatives: 12,
    logits: (random, vocabSize) => (i) =>
      random.normal() + ((i % vocabSize) % 1024 === 77 || (i % vocabSize) >> 3 === 500 ? 30 : 0),
  },
  {
    name: "large logits",
    why: "exp would overflow without subtracting the largest",
    vocabSize: 515,
    rows: 5,
    alternatives: 20,
    logits: (random) => () => 1e4 + 50 * random.normal(),
  },
  {
    name: "very unlikely",
    why: "a logprob far below what exp can hold",
    vocabSize: 100,
    rows: 3,
    alternatives: 3,
    logits: (_, vocabSize) => (i) => (i % vocabSize === 40 ? 500 : i % 7),
    picked: () => 41,
  },
  {
    name: "masked tokens and NaN",
    why: "both are negative infinity; the alternatives go on with them by id",
    vocabSize: 40,
    rows: 6,
    alternatives: 20,
    logits: (random) => (i) => (i % 4 === 0 ? random.normal() : i % 4 === 1 ? Number.NaN : Number.NEGATIVE_INFINITY),
    picked: (row) => row,
  },
  {
    name: "infinite logits",
    why: "they share the probability, the others have none",
    vocabSize: 65,
    rows: 3,
    alternatives: 4,
    logits: (random) => (i) => (i % 65 === 37 || i % 65 === 50 ? Number.POSITIVE_INFINITY : random.normal()),
    picked: (row) => [50, 37, 3][row]!,
  },
  {
    name: "picked outside of the vocabulary",
    why: "NO_TOKEN reads nothing out of bounds",
    vocabSize: 33,
    rows: 3,
    alternatives: 2,
    picked: (row) => [-1, 33, 2 ** 31 - 1][row]!,
  },
  { name: "a real vocabulary", why: "enough for several threads", vocabSize: 32003, rows: 3, alternatives: 20 },
  {
    name: "many of a vocabulary",
    why: "more than are looked for one by one",
    vocabSize: 5003,
    rows: 3,
    alternatives: 1500,
  },
  { name: "a whole vocabulary", why: "a size that is no power of two", vocabSize: 9001, rows: 3, alternatives: 9001 },
  {
    name: "a whole vocabulary of ties",
    why: "then by id, with NaN and both infinities among them",
    vocabSize: 2111,
    rows: 4,
    alternatives: 2111,
    logits: (random) => () =>
      [Number.NaN, Number.NEGATIVE_INFINITY, 1, 2, -0, 0, 3, Number.POSITIVE_INFINITY][random.integer(8)]!,
  },
  {
    name: "many, with ties at the end",
    why: "of those that share the last place the lowest ids",
    vocabSize: 3000,
    rows: 4,
    alternatives: 200,
    logits: (random) => () => random.integer(4),
  },
  {
    name: "logits",
    why: "the values themselves, in the order of the logprobs",
    vocabSize: 1031,
    rows: 5,
    alternatives: 20,
    kind: "logits",
    logits: (random) => (i) =>
      i % 9 === 0 ? Number.NaN : i % 9 === 1 ? Number.NEGATIVE_INFINITY : 4 * random.normal(),
    picked: (row) => [-1, 0, 1, 2, 1030][row]!,
  },
  { name: "all logits", why: "a whole vocabulary", vocabSize: 700, rows: 2, alternatives: 700, kind: "logits" },
];

export const logprobsCases: readonly OpCase[] = SHAPES.map(
  ({ name, why, vocabSize, rows, alternatives, kind, logits, picked }): OpCase => ({
    op: "logprobs",
    name: `logprobs ${name}`,
    why,
    dtype: "float32",
    // Relative to logits of up to 1e4; for those of usual size the sum of the exponentials decides.
    tolerance: { absolute: 5e-6, relative: 2e-6, nmse: 1e-11 },
    prepare(bench) {
      const { random } = bench;
      const shape = [rows, alternatives + 1];
      const out = {
        tokens: bench.output("tokens", "int32", shape),
        logprobs: bench.output("logprobs", "float32", shape),
        ranks: bench.output("ranks", "int32", [rows + 2], { compared: rows }),
      };
      const values = bench.input(
        "logits",
        "float32",
        [rows + 1, vocabSize],
        logits?.(random, vocabSize) ?? normal(random, 3),
      );
      const tokens = bench.input("picked", "int32", [rows + 2], (row) =>
        row < rows && picked ? picked(row, random) : random.integer(vocabSize),
      );
      return () => bench.ops.logprobs(out, values, tokens, kind);
    },
  }),
);
