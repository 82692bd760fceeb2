// What happens once a step, before and after the layers: the batch's preparation, sampling and logprobs.
import type { FloatDType } from "@octavo/core";
import type { RowSampling } from "@octavo/core/testing";
import { type BenchCase, DECODE_ROWS, isQuick, PREFILL_TOKENS, type Run, rowsText } from "./bench-case.js";
import type { ModelShape } from "./shapes.js";

export const GREEDY: RowSampling = { temperature: 0, topP: 1, minP: 0, topK: 0, seedLow: 0, seedHigh: 0, choice: 0 };

const SAMPLINGS: readonly (readonly [name: string, sampling: RowSampling])[] = [
  ["greedy", GREEDY],
  ["temperature 1", { ...GREEDY, temperature: 1 }],
  ["temperature 1, top_p 0.9", { ...GREEDY, temperature: 1, topP: 0.9 }],
];

/** None beside the picked token, and the default limit. */
const LOGPROBS = [0, 20];
/** Rows of which the whole vocabulary is wanted. */
const WHOLE_ROWS = [1, 16];

export const CONTEXT = 1024;

function sampleCase(
  shape: ModelShape,
  dtype: FloatDType,
  rows: number,
  name: string,
  sampling: RowSampling,
): BenchCase {
  const { model, vocabulary } = shape;
  return {
    op: "sample",
    model,
    name: `${name}, ${vocabulary} logits, ${rowsText(rows)}`,
    dtype,
    bytes: 4 * rows * vocabulary,
    flops: 0,
    quick: isQuick(rows),
    prepare(memory, sets): Run {
      const lengths = Array.from({ length: rows }, () => [CONTEXT - 1, 1] as const);
      const { batch } = memory.batch(lengths, sampling);
      const logits = memory.random("float32", [rows, vocabulary], sets);
      const tokens = memory.scratch("int32", [rows]);
      return (set) => memory.backend.ops.sample(tokens, logits[set]!, batch);
    },
  };
}

function logprobsCase(shape: ModelShape, dtype: FloatDType, rows: number, alternatives: number): BenchCase {
  const { model, vocabulary } = shape;
  return {
    op: "logprobs",
    model,
    name: `${alternatives} beside the picked, ${vocabulary} logits, ${rowsText(rows)}`,
    dtype,
    bytes: 4 * rows * vocabulary,
    flops: 0,
    quick: isQuick(rows),
    prepare(memory, sets): Run {
      const logits = memory.random("float32", [rows, vocabulary], sets);
      const columns = alternatives + 1;
      const out = {
        tokens: memory.scratch("int32", [rows, columns]),
        logprobs: memory.scratch("float32", [rows, columns]),
        ranks: memory.scratch("int32", [rows]),
      };
      // Whatever lies there: an id outside of the vocabulary is a token, too.
      const picked = memory.scratch("int32", [rows]);
      return (set) => memory.backend.ops.logprobs(out, logits[set]!, picked);
    },
  };
}

/** @param tokens rows of one token, or one row of a prefill's tokens */
function prepareBatchCase(shape: ModelShape, dtype: FloatDType, tokens: number): BenchCase {
  const isPrefill = PREFILL_TOKENS.includes(tokens);
  return {
    op: "prepareBatch",
    model: shape.model,
    name: rowsText(tokens),
    dtype,
    // Of a token: its plan word, then input id, position and slot.
    bytes: 4 * 4 * tokens,
    flops: 0,
    quick: isQuick(tokens),
    prepare(memory): Run {
      const decode = Array.from({ length: tokens }, () => [CONTEXT - 1, 1] as const);
      const { batch } = memory.batch(isPrefill ? [[0, tokens]] : decode, GREEDY);
      return () => memory.backend.ops.prepareBatch(batch);
    },
  };
}

export function stepCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return [
    ...SAMPLINGS.flatMap(([name, sampling]) =>
      DECODE_ROWS.map((rows) => sampleCase(shape, dtype, rows, name, sampling)),
    ),
    ...LOGPROBS.flatMap((alternatives) => DECODE_ROWS.map((rows) => logprobsCase(shape, dtype, rows, alternatives))),
    ...WHOLE_ROWS.map((rows) => logprobsCase(shape, dtype, rows, shape.vocabulary)),
    ...[...DECODE_ROWS, ...PREFILL_TOKENS].map((tokens) => prepareBatchCase(shape, dtype, tokens)),
  ];
}
