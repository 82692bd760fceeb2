// Cases of adjustLogits: rows at every stage of a request, with every combination of flags.
import { MAX_EDIT_CONTEXT, MAX_EDIT_WORDS, RowFlags } from "../../plan/layout.js";
import type { Random } from "../random.js";
import type { RowSampling } from "../reference/sampling.js";
import { allowedRecord, editsRecord, historyRecord, type LogitEdit } from "./batch-records.js";
import { type BatchRow, preparedBatch, type RowAdjustment } from "./case-batch.js";
import type { Fill } from "./case-bench.js";
import { normal } from "./fills.js";
import type { OpCase } from "./op-case.js";

const GREEDY: RowSampling = { temperature: 0, topP: 1, minP: 0, topK: 0, seedLow: 0, seedHigh: 0, choice: 0 };
const { history, allowed, edits } = RowFlags;
const EVERY = history | allowed | edits;
const BLOCK_SIZE = 16;
const NOTHING = Number.NEGATIVE_INFINITY;

/** One request: its first `known` tokens are computed or in this step, `drafts` follow. */
interface RowOfCase extends RowAdjustment {
  /** The request's tokens without drafts, at least one. */
  readonly known: readonly number[];
  readonly drafts?: readonly number[];
  readonly allowed?: readonly number[];
  readonly edits?: readonly LogitEdit[];
}

interface AdjustShape {
  readonly name: string;
  readonly why: string;
  readonly vocabSize: number;
  readonly rows: (random: Random, vocabSize: number) => RowOfCase[];
  readonly logits?: (random: Random) => Fill;
}

function tokensOf(random: Random, vocabSize: number, count: number): number[] {
  return Array.from({ length: count }, () => random.integer(vocabSize));
}

function randomEdits(random: Random, vocabSize: number, known: readonly number[]): LogitEdit[] {
  return Array.from({ length: random.integer(20) }, () => {
    const length = random.integer(4);
    // Half of the lists of tokens before are those that the row ends with.
    const before = random.integer(2) ? known.slice(known.length - length) : tokensOf(random, vocabSize, length);
    const bias = random.integer(3) === 0 ? NOTHING : 3 * random.normal();
    return { token: random.integer(vocabSize), bias, until: known.length + random.integer(3), before };
  });
}

const PENALTIES = { repetitionPenalty: 1.3, presencePenalty: 0.5, frequencyPenalty: -0.25 };

const SHAPES: readonly AdjustShape[] = [
  {
    name: "every combination of flags",
    why: "each alone, all together and none at all, side by side",
    vocabSize: 67,
    rows: (random, vocabSize) =>
      Array.from({ length: 16 }, (_, i) => {
        const known = tokensOf(random, vocabSize, 40 + i);
        return {
          ...PENALTIES,
          flags: i % 8,
          promptLength: 20,
          known,
          drafts: tokensOf(random, vocabSize, i % 3),
          allowed: tokensOf(random, vocabSize, 30),
          edits: randomEdits(random, vocabSize, known),
        };
      }),
  },
  {
    name: "repetition penalty",
    why: "logits of both signs, of the prompt and of the output, below and above 1",
    vocabSize: 131,
    rows: (random, vocabSize) =>
      [0.5, 1, 1.1, 2].map((repetitionPenalty) => ({
        flags: history,
        repetitionPenalty,
        promptLength: 30,
        known: tokensOf(random, vocabSize, 60),
      })),
  },
  {
    name: "frequency and presence penalty",
    why: "only tokens of the output, by how often and once",
    vocabSize: 19,
    rows: (random, vocabSize) =>
      [0, 30, 60].map((promptLength, i) => ({
        flags: history,
        frequencyPenalty: [0.5, -2, 1][i]!,
        presencePenalty: [0, 1.5, -1][i]!,
        promptLength,
        known: tokensOf(random, vocabSize, 60),
      })),
  },
  {
    name: "drafts",
    why: "each counts for the samples after it and for no other; some are counted already, some come twice",
    vocabSize: 259,
    rows: (random, vocabSize) =>
      Array.from({ length: 5 }, (_, i) => {
        const known = tokensOf(random, vocabSize, 20);
        const drafts = [7, 7, known[19]!, known[3]!, ...tokensOf(random, vocabSize, 3)].slice(i);
        const before = [known[19]!, 7, 7].slice(0, 1 + (i % 3));
        return {
          ...PENALTIES,
          flags: i === 3 ? 0 : history | edits,
          promptLength: 10,
          known,
          drafts,
          edits: [
            { token: 5, bias: 1.5, before },
            { token: 7, bias: -1, before: [7] },
            { token: 9, bias: NOTHING, until: 22 },
          ],
        };
      }),
  },
  {
    name: "the longest lists of tokens before",
    why: "of known tokens and drafts; one too many for the output, which the prompt does not help",
    vocabSize: 40,
    rows: (random, vocabSize) =>
      [0, 1, 5, 31].flatMap((numDrafts) =>
        [9, 10].map((promptLength) => {
          const known = tokensOf(random, vocabSize, 9 + MAX_EDIT_CONTEXT);
          const drafts = tokensOf(random, vocabSize, numDrafts);
          const all = [...known, ...drafts];
          const listed = Array.from({ length: numDrafts + 1 }, (_, s) => ({
            token: s,
            bias: 2,
            before: all.slice(known.length + s - MAX_EDIT_CONTEXT, known.length + s),
          }));
          return { flags: history | edits, promptLength, known, drafts, edits: listed };
        }),
      ),
  },
  {
    name: "tokens before without a history",
    why: "such an edit never applies, one without them does",
    vocabSize: 33,
    rows: () => [
      {
        flags: edits,
        known: [1, 2, 3],
        edits: [
          { token: 4, bias: 3, before: [3] },
          { token: 5, bias: 3 },
        ],
      },
    ],
  },
  {
    name: "many edits of few tokens",
    why: "added in their order, as many as there may be",
    vocabSize: 4000,
    rows: (random) =>
      [3, 4000].map((tokens) => ({
        flags: edits,
        known: [1],
        edits: Array.from({ length: MAX_EDIT_WORDS / 4 }, () => ({
          token: random.integer(tokens),
          bias: random.normal(),
          until: random.integer(3),
        })),
      })),
  },
  {
    name: "bans of everything",
    why: "by a mask that allows nothing, by edits, by a mask and edits that leave each other nothing",
    vocabSize: 70,
    rows: () => {
      const all = Array.from({ length: 70 }, (_, token) => token);
      const bans = (tokens: readonly number[]) => tokens.map((token) => ({ token, bias: NOTHING }));
      return [
        { flags: allowed, known: [1], allowed: [] },
        { flags: edits, known: [1], edits: bans(all) },
        { ...PENALTIES, flags: EVERY, known: [1, 69, 69], allowed: [0, 69], edits: bans([69, 0]) },
      ];
    },
  },
  {
    name: "logits that are no numbers",
    why: "infinities stay but for a ban of one, a mask goes before NaN",
    vocabSize: 96,
    rows: (random, vocabSize) =>
      [history, EVERY].map((flags) => ({
        ...PENALTIES,
        flags,
        known: tokensOf(random, vocabSize, 60),
        allowed: tokensOf(random, vocabSize, 60),
        edits: [{ token: 0, bias: NOTHING }],
      })),
    logits: (random) => () =>
      [Number.POSITIVE_INFINITY, NOTHING, Number.NaN, 0, -0, random.normal()][random.integer(6)]!,
  },
  {
    name: "one token",
    why: "a vocabulary of one",
    vocabSize: 1,
    rows: () => [{ ...PENALTIES, flags: EVERY, known: [0, 0], allowed: [0], edits: [{ token: 0, bias: 1 }] }],
  },
  {
    name: "a real vocabulary",
    why: "enough for several blocks of a GPU, in a size that fills no vector",
    vocabSize: 32003,
    rows: (random, vocabSize) =>
      [EVERY, history, 0, allowed].map((flags) => {
        const known = tokensOf(random, vocabSize, 400);
        return {
          ...PENALTIES,
          flags,
          promptLength: 200,
          known,
          drafts: known.slice(390, 392),
          allowed: tokensOf(random, vocabSize, 30_000),
          edits: [...randomEdits(random, vocabSize, known), { token: vocabSize - 1, bias: 3 }],
        };
      }),
  },
];

function adjustCase({ name, why, vocabSize, rows, logits }: AdjustShape): OpCase {
  return {
    op: "adjustLogits",
    name: `adjustLogits with ${name}`,
    why,
    dtype: "float32",
    // A quotient, a product and differences, each rounded once, of logits up to about 10.
    tolerance: { absolute: 2e-6, relative: 5e-7, nmse: 1e-12 },
    prepare(bench) {
      const { random } = bench;
      const wanted = rows(random, vocabSize);
      const maxRows = wanted.length + 3;
      const tableRows = random.permutation(maxRows);
      const batchRows = wanted.map((row, i): BatchRow => {
        const { known, drafts = [] } = row;
        // The step begins some tokens before the first sample.
        const own = 1 + random.integer(Math.min(3, known.length));
        return {
          row: tableRows[i]!,
          contextLen: known.length - own,
          queryLen: own + drafts.length,
          tokens: [...known.slice(known.length - own), ...drafts],
          blocks: Array.from({ length: Math.ceil((known.length + drafts.length) / BLOCK_SIZE) }, (_, b) => 1 + b),
          sampling: GREEDY,
          samples: 1 + drafts.length,
          adjustment: row,
          records: recordsOf(row),
        };
      });
      const longest = Math.max(...batchRows.map((row) => row.blocks.length));
      const numSamples = batchRows.reduce((sum, row) => sum + row.samples!, 0);
      const { batch } = preparedBatch(bench, {
        rows: batchRows,
        maxRows,
        maxTokens: batchRows.reduce((sum, row) => sum + row.queryLen, 1),
        // Room for the records of all rows at once, which engines spread over steps.
        maxSamples: numSamples + MAX_EDIT_WORDS * maxRows + vocabSize * maxRows,
        blockSize: BLOCK_SIZE,
        maxBlocksPerRow: longest,
        vocabSize,
      });
      const values = bench.output("logits", "float32", [numSamples + 1, vocabSize], {
        initial: logits?.(random) ?? normal(random, 3),
      });
      return () => bench.ops.adjustLogits(values, batch);
    },
  };
}

function recordsOf({ flags, known, allowed: tokens = [], edits: list = [] }: RowOfCase): BatchRow["records"] {
  return [
    ...(flags & history ? [historyRecord(0, known)] : []),
    ...(flags & allowed ? [allowedRecord(tokens)] : []),
    ...(flags & edits ? [editsRecord(list)] : []),
  ];
}

export const adjustCases: readonly OpCase[] = SHAPES.map(adjustCase);
