// Cases of filterLogits. What is dropped must be what the reference drops, but where rounding may decide.
import type { Random } from "../random.js";
import { argmax, keptTokens, type RowSampling, scaledLogits } from "../reference/sampling.js";
import { type BatchRow, preparedBatch } from "./case-batch.js";
import type { Fill } from "./case-bench.js";
import { normal } from "./fills.js";
import type { OpCase } from "./op-case.js";
import { SCORE_TOLERANCE } from "./sampling-cases.js";

interface FilterShape {
  readonly name: string;
  readonly why: string;
  readonly vocabSize: number;
  readonly sampling: readonly Partial<RowSampling>[];
  readonly logits?: (random: Random, vocabSize: number) => Fill;
}

const OFF: RowSampling = { temperature: 1, topP: 1, minP: 0, topK: 0, seedLow: 0, seedHigh: 0, choice: 0 };
const NOTHING = Number.NEGATIVE_INFINITY;

const SHAPES: readonly FilterShape[] = [
  {
    name: "mixed rows",
    why: "greedy rows stay, hot and cold ones are divided, each filter drops its own",
    vocabSize: 1031,
    sampling: [
      { temperature: 0 },
      { temperature: 2 },
      { temperature: 0.1 },
      { topK: 7 },
      { topP: 0.6, temperature: 3 },
      { minP: 0.1 },
      { temperature: 1.5, minP: 0.002, topK: 50, topP: 0.8 },
      {},
    ],
  },
  {
    name: "ties",
    why: "top_k keeps all of the k-th, top_p the lowest ids",
    vocabSize: 64,
    sampling: [{ topK: 3 }, { topP: 0.5 }, { minP: 1 }, { topK: 1, topP: 0.1 }],
    logits: () => (i) => (i % 64 < 32 ? 0.25 : 0),
  },
  {
    name: "what cannot be filtered",
    why: "rows of nothing and with infinite logits stay, NaN is dropped",
    vocabSize: 33,
    sampling: [{ topP: 0.5 }, { topK: 2 }, { minP: 0.3 }, {}],
    logits: (random) => (i) => {
      const row = Math.floor(i / 33);
      if (row === 0) return [Number.NaN, NOTHING][i % 2]!;
      if (row === 1) return i % 33 === 7 ? Number.POSITIVE_INFINITY : random.normal();
      return i % 3 === 0 ? Number.NaN : i % 3 === 1 ? NOTHING : random.normal();
    },
  },
  { name: "one token", why: "a vocabulary of one", vocabSize: 1, sampling: [{ temperature: 4, topP: 0.5 }] },
  {
    name: "a real vocabulary",
    why: "enough for several threads",
    vocabSize: 32003,
    sampling: [{ topP: 0.95, topK: 200 }, { temperature: 0.6 }],
  },
];

function filterCase({ name, why, vocabSize, sampling, logits }: FilterShape): OpCase {
  return {
    op: "filterLogits",
    name: `filterLogits with ${name}`,
    why,
    dtype: "float32",
    tolerance: { absolute: 1e-6, relative: 3e-7, nmse: 1e-12 },
    prepare(bench) {
      const { random } = bench;
      const count = sampling.length;
      const tableRows = random.permutation(count + 2);
      const rows = sampling.map((given, i): BatchRow => {
        const row = tableRows[i]!;
        return { row, contextLen: i, queryLen: 1, blocks: [1], sampling: { ...OFF, ...given } };
      });
      const spec = { rows, maxRows: count + 2, maxTokens: count, blockSize: 16, maxBlocksPerRow: 1, vocabSize };
      const { batch } = preparedBatch(bench, spec);
      const fill = logits?.(random, vocabSize) ?? normal(random, 2);
      const before = new Float32Array(count * vocabSize).map((_, i) => fill(i));
      const limits = sampling.map((given, i) =>
        lazyLimits(before.subarray(i * vocabSize, (i + 1) * vocabSize), { ...OFF, ...given }),
      );
      const values = bench.output("logits", "float32", [count, vocabSize], {
        initial: (i) => before[i]!,
        accept: (i, actual) => mayDiffer(limits[Math.floor(i / vocabSize)]!(), i % vocabSize, actual),
      });
      return () => bench.ops.filterLogits(values, batch);
    },
  };
}

interface Limits {
  readonly scaled: Float64Array;
  /** What is kept for sure, and what perhaps. */
  readonly certain: readonly boolean[];
  readonly possible: readonly boolean[];
}

/** A row's limits, found when they are first asked for: that is a sort of the vocabulary. */
function lazyLimits(before: Float32Array, parameters: RowSampling): () => Limits {
  let limits: Limits | undefined;
  return () => {
    if (limits) return limits;
    const scaled = scaledLogits(Float64Array.from(before), parameters);
    const tolerance = SCORE_TOLERANCE * Math.max(1, Math.abs(scaled[argmax(scaled)]!));
    const certain = keptTokens(scaled, parameters, -tolerance);
    limits = { scaled, certain, possible: keptTokens(scaled, parameters, tolerance) };
    return limits;
  };
}

/** Whether `actual`, dropped or not, stands so near a filter's limit that rounding decides. */
function mayDiffer({ scaled, certain, possible }: Limits, token: number, actual: number): boolean {
  if (!possible[token] || certain[token]) return false;
  return actual === NOTHING || Math.abs(actual - scaled[token]!) <= 3e-7 * Math.abs(scaled[token]!) + 1e-6;
}

export const filterCases: readonly OpCase[] = SHAPES.map(filterCase);
