// Cases of prepareBatch with records: what rows are known to hold, what may be sampled, what is added to logits. Tables begin full
// of what other requests left.
import { LAST_SAMPLED, MAX_EDIT_WORDS, RowFlags } from "../../plan/layout.js";
import type { Random } from "../random.js";
import type { RowSampling } from "../reference/sampling.js";
import { unpreparedBatch } from "./batch-cases.js";
import { allowedRecord, editsRecord, historyRecord } from "./batch-records.js";
import type { BatchRow } from "./case-batch.js";
import type { OpCase } from "./op-case.js";

const GREEDY: RowSampling = { temperature: 0, topP: 1, minP: 0, topK: 0, seedLow: 0, seedHigh: 0, choice: 0 };
const { history, allowed, edits } = RowFlags;
const BLOCK_SIZE = 16;

type RowOfCase = Pick<BatchRow, "contextLen" | "isKnown" | "records" | "tokens"> & {
  readonly flags: number;
  readonly promptLength?: number;
};

interface RecordShape {
  readonly name: string;
  readonly why: string;
  readonly vocabSize: number;
  /** Default: 64. */
  readonly maxLength?: number;
  readonly rows: (random: Random, vocabSize: number) => RowOfCase[];
}

function tokensOf(random: Random, vocabSize: number, count: number): number[] {
  return Array.from({ length: count }, () => random.integer(vocabSize));
}

const SHAPES: readonly RecordShape[] = [
  {
    name: "flags alone",
    why: "a row init empties what its flags name, and nothing else",
    vocabSize: 67,
    rows: () => Array.from({ length: 8 }, (_, flags) => ({ flags, contextLen: 0 })),
  },
  {
    name: "histories of new rows",
    why: "tokens of prompts and outputs, many of them more than once; rows without flags beside them",
    vocabSize: 67,
    rows: (random, vocabSize) =>
      [5, 40, 0, 33, 60].map((length, i) => ({
        flags: i === 2 ? 0 : history,
        promptLength: Math.floor(length / 2),
        contextLen: length,
        records: i === 2 ? [] : [historyRecord(0, tokensOf(random, vocabSize, length))],
      })),
  },
  {
    name: "histories that go on",
    why: "counts of known rows grow, up to the largest; a record of a row without the flag does nothing",
    vocabSize: 13,
    rows: (random, vocabSize) =>
      [0, 20, 40, 7].map((contextLen, i) => ({
        flags: i === 3 ? 0 : history,
        isKnown: true,
        promptLength: 25,
        contextLen,
        records: [historyRecord(contextLen, tokensOf(random, vocabSize, 9))],
      })),
  },
  {
    name: "sampled tokens",
    why: "what only the device knows is counted and kept after what the host knows; not in rows without the flag",
    vocabSize: 1031,
    rows: (random, vocabSize) =>
      Array.from({ length: 6 }, (_, i) => ({
        flags: i === 4 ? edits : history,
        isKnown: true,
        promptLength: i === 5 ? 60 : 3,
        contextLen: 40 + i,
        tokens: [LAST_SAMPLED],
        records: i % 2 ? [historyRecord(8 + i, tokensOf(random, vocabSize, 32))] : [],
      })),
  },
  {
    name: "several records of a row",
    why: "the last tokens are the last ones by position; a later mask or list of edits replaces the one before",
    vocabSize: 67,
    rows: (random, vocabSize) =>
      [true, false].map((isKnown) => ({
        flags: history | allowed | edits,
        isKnown,
        promptLength: 20,
        contextLen: 1,
        records: [
          historyRecord(0, tokensOf(random, vocabSize, 35)),
          allowedRecord([0, 1, 31, 32, 33, 64]),
          editsRecord([
            { token: 1, bias: 2.5 },
            { token: 3, bias: 1, before: [4, 5] },
          ]),
          historyRecord(35, tokensOf(random, vocabSize, 20)),
          allowedRecord([66, 66, 5, 66]),
          editsRecord([{ token: 9, bias: Number.NEGATIVE_INFINITY, until: 7 }]),
          historyRecord(55, tokensOf(random, vocabSize, 2)),
        ],
      })),
  },
  {
    name: "long histories",
    why: "more of one token than can be counted, two long records of a row, a short one between",
    vocabSize: 33,
    maxLength: 45_000,
    rows: (random) => {
      const often = (count: number) =>
        Array.from({ length: count }, () => (random.integer(8) === 0 ? random.integer(33) : 6));
      return [
        { flags: history, promptLength: 2000, contextLen: 0, records: [historyRecord(0, often(42_003))] },
        { flags: history, promptLength: 5, contextLen: 0, records: [historyRecord(0, often(7))] },
        {
          flags: history,
          promptLength: 3000,
          contextLen: 0,
          records: [
            historyRecord(0, often(2500)),
            historyRecord(2500, often(9)),
            historyRecord(2509, often(1700)),
            historyRecord(4209, often(1)),
          ],
        },
      ];
    },
  },
  {
    name: "masks",
    why: "one token, none, all, a long list with repetitions",
    vocabSize: 3001,
    rows: (random, vocabSize) =>
      [[3000], [], Array.from({ length: vocabSize }, (_, token) => token), tokensOf(random, vocabSize, 2000)].map(
        (tokens, i) => ({ flags: allowed, isKnown: i === 0, contextLen: 2, records: [allowedRecord(tokens)] }),
      ),
  },
  {
    name: "edits of every size",
    why: "none, one, as many words as there may be",
    vocabSize: 300,
    rows: (random, vocabSize) =>
      [0, 1, MAX_EDIT_WORDS / 4].map((count) => ({
        flags: edits,
        contextLen: 2,
        records: [
          editsRecord(
            Array.from({ length: count }, () => ({ token: random.integer(vocabSize), bias: random.normal() })),
          ),
        ],
      })),
  },
  {
    name: "records of many rows",
    why: "headers far apart, every kind, in a vocabulary of odd size",
    vocabSize: 515,
    rows: (random, vocabSize) =>
      Array.from({ length: 150 }, (_, i) => ({
        flags: i % 8,
        isKnown: i % 3 === 0,
        promptLength: random.integer(40),
        contextLen: 30,
        records: [
          ...(i % 2 ? [historyRecord(10, tokensOf(random, vocabSize, 1 + random.integer(20)))] : []),
          ...((i % 8) & allowed ? [allowedRecord(tokensOf(random, vocabSize, random.integer(60)))] : []),
          ...((i % 8) & edits
            ? [editsRecord([{ token: i, bias: i / 8, before: tokensOf(random, vocabSize, i % 32) }])]
            : []),
        ],
      })),
  },
];

function recordCase({ name, why, vocabSize, maxLength = 64, rows }: RecordShape): OpCase {
  return {
    op: "prepareBatch",
    name: `prepareBatch with ${name}`,
    why,
    dtype: "float32",
    tolerance: "exact",
    prepare(bench) {
      const { random } = bench;
      const wanted = rows(random, vocabSize);
      const maxRows = wanted.length + 3;
      const tableRows = random.permutation(maxRows);
      const batchRows = wanted.map(({ flags, promptLength = 0, ...row }, i): BatchRow => {
        const blocks = Array.from({ length: Math.ceil((row.contextLen + 1) / BLOCK_SIZE) }, (_, b) => 1 + 5 * i + b);
        return {
          queryLen: 1,
          tokens: [random.integer(vocabSize)],
          ...row,
          row: tableRows[i]!,
          blocks,
          sampling: GREEDY,
          adjustment: { flags, promptLength },
        };
      });
      const batch = unpreparedBatch(bench, {
        rows: batchRows,
        maxRows,
        maxTokens: wanted.length,
        blockSize: BLOCK_SIZE,
        maxBlocksPerRow: Math.ceil(maxLength / BLOCK_SIZE),
        vocabSize,
        // Room for the records of many rows at once, which engines spread over steps.
        maxSamples: maxRows + MAX_EDIT_WORDS * 4,
      });
      return () => bench.ops.prepareBatch(batch);
    },
  };
}

export const recordCases: readonly OpCase[] = SHAPES.map(recordCase);
