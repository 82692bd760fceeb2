// Cases of sample. The token must be the reference's, but where rounding may decide: then the score of the token that was
// picked must be within a tolerance of the best.
import type { Random } from "../random.js";
import { argmax, keptTokens, perturbed, type RowSampling, sampleOf, scaledLogits } from "../reference/sampling.js";
import { type BatchRow, preparedBatch } from "./case-batch.js";
import type { Fill } from "./case-bench.js";
import { normal } from "./fills.js";
import type { OpCase } from "./op-case.js";

/**
 * How much scores (logit / temperature + noise) may differ, over the largest magnitude among them and at least 1: float32
 * has 6e-8, a quotient and a logarithm round a few times.
 */
export const SCORE_TOLERANCE = 2e-6;

interface SamplingShape {
  readonly name: string;
  readonly why: string;
  readonly vocabSize: number;
  readonly rows: number;
  readonly sampling: Partial<RowSampling> | ((row: number) => Partial<RowSampling>);
  readonly logits?: (random: Random, vocabSize: number) => Fill;
  /** Of each row's last tokens, as many are sampled after. Default 1. */
  readonly samples?: number;
  /** True: logits and parameters are such that rounding decides nothing. */
  readonly exact?: boolean;
}

const OFF: RowSampling = { temperature: 1, topP: 1, minP: 0, topK: 0, seedLow: 0, seedHigh: 0, choice: 0 };

/** Multiples of 1/4: exact through a division by a power of two, and full of ties. */
const quarters =
  (random: Random): Fill =>
  () =>
    random.integer(24) / 4;

const SHAPES: readonly SamplingShape[] = [
  { name: "greedy", why: "the largest logit", vocabSize: 1031, rows: 5, sampling: { temperature: 0 }, exact: true },
  {
    name: "greedy with ties",
    why: "ties go to the lowest id, across vectors and threads",
    vocabSize: 259,
    rows: 9,
    sampling: { temperature: 0 },
    logits: (random) => () => random.integer(3),
    exact: true,
  },
  {
    name: "greedy among negative infinities",
    why: "masked tokens; one is left, or none",
    vocabSize: 67,
    rows: 3,
    sampling: { temperature: 0 },
    logits: (_, vocabSize) => (i) => (i === vocabSize + 66 || i === 2 * vocabSize + 1 ? -5 : Number.NEGATIVE_INFINITY),
    exact: true,
  },
  {
    name: "one token",
    why: "a vocabulary of one",
    vocabSize: 1,
    rows: 2,
    sampling: { topP: 0.5, topK: 3 },
    exact: true,
  },
  { name: "small vocabulary", why: "shorter than a vector", vocabSize: 7, rows: 33, sampling: {} },
  { name: "plain", why: "no filter", vocabSize: 1031, rows: 7, sampling: {} },
  { name: "hot", why: "temperature 5: unlikely tokens win", vocabSize: 4099, rows: 5, sampling: { temperature: 5 } },
  {
    name: "cold",
    why: "temperature 0.01: scores of hundreds",
    vocabSize: 515,
    rows: 5,
    sampling: { temperature: 0.01 },
  },
  {
    name: "large logits",
    why: "exp would overflow without subtracting the largest",
    vocabSize: 515,
    rows: 5,
    sampling: { topP: 0.9 },
    logits: (random) => () => 1e4 + 50 * random.normal(),
  },
  {
    name: "infinite logit",
    why: "positive infinity is taken, as if greedy",
    vocabSize: 65,
    rows: 2,
    sampling: { topP: 0.5, minP: 0.1 },
    logits: (random) => (i) => (i % 65 === 37 ? Number.POSITIVE_INFINITY : random.normal()),
    exact: true,
  },
  {
    name: "NaN logits",
    why: "NaN never wins, greedy or not, and spoils no other token",
    vocabSize: 131,
    rows: 8,
    sampling: (row) => [{ temperature: 0 }, { temperature: 2 }, { topK: 20 }, { topP: 0.8, minP: 0.01 }][row % 4]!,
    logits: (random) => () => (random.integer(3) === 0 ? Number.NaN : random.normal()),
  },
  {
    name: "nothing to pick",
    why: "rows of NaN and negative infinity alone have no token, the rows beside them do",
    vocabSize: 33,
    rows: 4,
    sampling: (row) => [{ temperature: 0 }, { temperature: 0 }, {}, { topK: 3 }][row % 4]!,
    logits: (random) => (i) => (i % 66 < 33 ? [Number.NaN, Number.NEGATIVE_INFINITY][i % 2]! : random.normal()),
  },
  {
    name: "masked tokens",
    why: "negative infinity never wins",
    vocabSize: 200,
    rows: 9,
    sampling: { temperature: 2 },
    logits: (random) => (i) => (i % 5 === 0 ? random.normal() : Number.NEGATIVE_INFINITY),
  },
  {
    name: "top_k",
    why: "the k-th largest is the last",
    vocabSize: 1031,
    rows: 9,
    sampling: (row) => ({ temperature: 3, topK: 1 + row * 5 }),
  },
  { name: "top_k above the vocabulary", why: "then it does nothing", vocabSize: 33, rows: 5, sampling: { topK: 1000 } },
  {
    name: "top_k with ties",
    why: "ties of the k-th largest stay",
    vocabSize: 130,
    rows: 17,
    sampling: (row) => ({ temperature: 4, topK: 1 + row }),
    logits: quarters,
    exact: true,
  },
  {
    name: "top_p",
    why: "the shortest prefix that reaches it",
    vocabSize: 1031,
    rows: 9,
    sampling: (row) => ({ temperature: 2, topP: 0.1 + 0.1 * row }),
  },
  {
    name: "top_p with ties",
    why: "half of 64 equal tokens: the 32 lowest ids, and the 32nd reaches it exactly",
    vocabSize: 64,
    rows: 33,
    sampling: { topP: 0.5 },
    logits: () => () => 0.25,
    exact: true,
  },
  {
    name: "min_p",
    why: "relative to the largest probability",
    vocabSize: 1031,
    rows: 9,
    sampling: (row) => ({ temperature: 2, minP: 0.02 + 0.1 * row }),
  },
  {
    name: "min_p 1",
    why: "only the largest stays, and its ties",
    vocabSize: 100,
    rows: 17,
    sampling: { minP: 1 },
    logits: quarters,
    exact: true,
  },
  {
    name: "all filters",
    why: "their order: min_p, top_k, then top_p over what is left",
    vocabSize: 1031,
    rows: 33,
    sampling: (row) => ({ temperature: 1.5, minP: 0.002, topK: 50 + row, topP: 0.8 }),
  },
  {
    name: "mixed rows",
    why: "each row has its own parameters",
    vocabSize: 333,
    rows: 12,
    sampling: (row) => [{ temperature: 0 }, { topK: 5 }, { topP: 0.3 }, { minP: 0.3, temperature: 0.3 }][row % 4]!,
  },
  {
    name: "choices",
    why: "parallel samples of one seed at one position differ",
    vocabSize: 501,
    rows: 16,
    sampling: (row) => ({ temperature: 8, seedLow: 7, seedHigh: 9, choice: row }),
    logits: (random, vocabSize) => {
      const shared = Array.from({ length: vocabSize }, () => random.normal());
      return (i) => shared[i % vocabSize]!;
    },
  },
  {
    name: "drafts",
    why: "after each of a row's last tokens, with the noise of its own position; only the last is remembered",
    vocabSize: 259,
    rows: 5,
    samples: 4,
    sampling: (row) => ({ temperature: row % 2 === 0 ? 6 : 0, topK: 50 }),
  },
  {
    name: "a real vocabulary",
    why: "enough for several threads",
    vocabSize: 32003,
    rows: 3,
    sampling: { topP: 0.95, topK: 200 },
  },
];

function samplingCase(shape: SamplingShape): OpCase {
  const { vocabSize, rows: rowCount, samples = 1 } = shape;
  const count = rowCount * samples;
  return {
    op: "sample",
    name: `sample ${shape.name}`,
    why: shape.why,
    dtype: "float32",
    tolerance: "exact",
    prepare(bench) {
      const { random } = bench;
      const maxRows = rowCount + 3;
      const tableRows = random.permutation(maxRows);
      const rows = Array.from({ length: rowCount }, (_, i): BatchRow => {
        const seeds = { seedLow: random.integer(2 ** 32), seedHigh: random.integer(2 ** 32) };
        const given = typeof shape.sampling === "function" ? shape.sampling(i) : shape.sampling;
        const queryLen = samples + (i % 3);
        const contextLen = random.integer(40);
        return {
          row: tableRows[i]!,
          contextLen,
          queryLen,
          blocks: [1, 2, 3],
          sampling: { ...OFF, ...seeds, ...given },
          samples,
        };
      });
      const fill = shape.logits?.(random, vocabSize) ?? normal(random, 2);
      const logits = new Float32Array(count * vocabSize).map((_, i) => fill(i));
      const accept = (s: number, token: number): boolean => !shape.exact && isNearTie(s, token);
      const maxSamples = maxRows * samples;
      const spec = { rows, maxRows, maxSamples, maxTokens: 3 * count, blockSize: 16, maxBlocksPerRow: 3 };
      const { batch, host } = preparedBatch(bench, spec, (row, token) =>
        accept(samples * (rows.findIndex((r) => r.row === row) + 1) - 1, token),
      );
      const isNearTie = (s: number, token: number): boolean => {
        if (s < 0 || token < 0 || token >= vocabSize) return false;
        const { parameters, position } = sampleOf(host, s);
        return scoresNearBest(
          Float64Array.from(logits.subarray(s * vocabSize, (s + 1) * vocabSize)),
          parameters,
          position,
          token,
        );
      };
      const tokens = bench.output("tokens", "int32", [maxSamples], { compared: count, accept });
      const values = bench.input("logits", "float32", [count, vocabSize], (i) => logits[i]!);
      return () => bench.ops.sample(tokens, values, batch);
    },
  };
}

/** Whether rounding may have picked `token`: near a filter's limit, or near the best score. */
export function scoresNearBest(
  logits: Float64Array,
  parameters: RowSampling,
  position: number,
  token: number,
): boolean {
  if (parameters.temperature === 0) return false;
  const scaled = scaledLogits(logits, parameters);
  const tolerance = SCORE_TOLERANCE * Math.max(1, Math.abs(scaled[argmax(scaled)]!));
  const possible = perturbed(scaled, keptTokens(scaled, parameters, tolerance), parameters, position);
  const certain = perturbed(scaled, keptTokens(scaled, parameters, -tolerance), parameters, position);
  const score = possible[token]!;
  return score > Number.NEGATIVE_INFINITY && score >= certain[argmax(certain)]! - tolerance;
}

export const samplingCases: readonly OpCase[] = SHAPES.map(samplingCase);
