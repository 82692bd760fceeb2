// What sampling parameters beside temperature and filters cost: tables of records filled, logits adjusted, logits filtered for who
// wants to see them.
import { type FloatDType, RowFlags } from "@octavo/core";
import { allowedRecord, type BatchRow, editsRecord, historyRecord } from "@octavo/core/testing";
import { type BenchCase, isQuick, type Run, rowsText } from "./bench-case.js";
import type { ModelShape } from "./shapes.js";
import { CONTEXT, GREEDY } from "./step-cases.js";

const ROWS = [1, 16, 256];
/** Tokens of a request that are counted. */
const COUNTED = 100;
const LONG_HISTORY = 100_000;

type Adjusted = Pick<BatchRow, "adjustment" | "records">;

const spread = (count: number, vocabulary: number): number[] =>
  Array.from({ length: count }, (_, i) => (i * 7919) % vocabulary);

const ADJUSTMENTS: readonly (readonly [name: string, row: (vocabulary: number) => Adjusted])[] = [
  ["nothing", () => ({})],
  [
    "penalties",
    (vocabulary) => ({
      adjustment: { flags: RowFlags.history, repetitionPenalty: 1.1, promptLength: COUNTED / 2 },
      records: [historyRecord(0, spread(COUNTED, vocabulary))],
    }),
  ],
  [
    "50 allowed tokens",
    (vocabulary) => ({ adjustment: { flags: RowFlags.allowed }, records: [allowedRecord(spread(50, vocabulary))] }),
  ],
  [
    // As many as the records of one step have room for with 256 rows.
    "100 biases",
    (vocabulary) => ({
      adjustment: { flags: RowFlags.edits },
      records: [editsRecord(spread(100, vocabulary).map((token) => ({ token, bias: 1 })))],
    }),
  ],
];

function adjustCase(
  shape: ModelShape,
  dtype: FloatDType,
  rows: number,
  name: string,
  row: (vocabulary: number) => Adjusted,
): BenchCase {
  const { model, vocabulary } = shape;
  return {
    op: "adjustLogits",
    model,
    name: `${name}, ${vocabulary} logits, ${rowsText(rows)}`,
    dtype,
    // What a row's flags make necessary is little; a floor for all would say nothing.
    bytes: 0,
    flops: 0,
    quick: isQuick(rows),
    prepare(memory, sets): Run {
      const lengths = Array.from({ length: rows }, () => [CONTEXT - 1, 1] as const);
      const { batch } = memory.batch(lengths, GREEDY, { vocabSize: vocabulary, row: row(vocabulary) });
      const logits = memory.random("float32", [rows, vocabulary], sets);
      return (set) => memory.backend.ops.adjustLogits(logits[set]!, batch);
    },
  };
}

function filterCase(shape: ModelShape, dtype: FloatDType, rows: number): BenchCase {
  const { model, vocabulary } = shape;
  return {
    op: "filterLogits",
    model,
    name: `top_k 50, ${vocabulary} logits, ${rowsText(rows)}`,
    dtype,
    bytes: 2 * 4 * rows * vocabulary,
    flops: 0,
    quick: isQuick(rows),
    prepare(memory, sets): Run {
      const lengths = Array.from({ length: rows }, () => [CONTEXT - 1, 1] as const);
      const { batch } = memory.batch(lengths, { ...GREEDY, temperature: 1, topK: 50 });
      const logits = memory.random("float32", [rows, vocabulary], sets);
      return (set) => memory.backend.ops.filterLogits(logits[set]!, batch);
    },
  };
}

/** Rows that begin: their tables are emptied, then filled. */
function recordsCase(shape: ModelShape, dtype: FloatDType, rows: number, counted: number): BenchCase {
  const { model, vocabulary } = shape;
  return {
    op: "prepareBatch",
    model,
    name: `histories of ${counted} tokens, ${rowsText(rows)}`,
    dtype,
    bytes: rows * (4 * counted + 2 * vocabulary),
    flops: 0,
    quick: isQuick(rows),
    prepare(memory): Run {
      const lengths = Array.from({ length: rows }, () => [counted, 1] as const);
      const row = { adjustment: { flags: RowFlags.history }, records: [historyRecord(0, spread(counted, vocabulary))] };
      const { batch } = memory.batch(lengths, GREEDY, { vocabSize: vocabulary, row });
      return () => memory.backend.ops.prepareBatch(batch);
    },
  };
}

export function adjustCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return [
    ...ADJUSTMENTS.flatMap(([name, row]) => ROWS.map((rows) => adjustCase(shape, dtype, rows, name, row))),
    ...ROWS.map((rows) => filterCase(shape, dtype, rows)),
    recordsCase(shape, dtype, 256, COUNTED),
    recordsCase(shape, dtype, 1, LONG_HISTORY),
  ];
}
