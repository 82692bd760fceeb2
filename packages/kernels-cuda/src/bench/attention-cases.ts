// Ops of the attention block beside its linear layers: paged attention, RoPE, KV write.
import { type Batch, DTYPES, type FloatDType, reshape, slice, type Tensor } from "@octavo/core";
import { type BenchCase, DECODE_ROWS, isQuick, PREFILL_TOKENS, type Run, rowsText } from "./bench-case.js";
import type { BenchMemory } from "./bench-memory.js";
import { BLOCK_SIZE, type ModelShape } from "./shapes.js";

type Lengths = readonly (readonly [contextLen: number, queryLen: number])[];

const DECODE_BATCHES = [1, 16, 64];
const DECODE_CONTEXTS = [1024, 4096, 32768];
const MAX_POSITIONS = 8192;
const PROMPT_TOKENS = 512;
const WINDOW = 4096;

/** `rows` requests with one new token each at position `context - 1`. */
function decodeLengths(rows: number, context: number): Lengths {
  return Array.from({ length: rows }, () => [context - 1, 1] as const);
}

/** The lengths of a step with so many rows or tokens, for ops that do not look at the context. */
function lengthsOf(rows: number): Lengths {
  return PREFILL_TOKENS.includes(rows) ? [[0, rows]] : decodeLengths(rows, BLOCK_SIZE);
}

/** Pairs of a query with a key that it sees. */
function visiblePairs(lengths: Lengths, window: number): number {
  let pairs = 0;
  for (const [context, query] of lengths) {
    for (let t = 1; t <= query; t++) pairs += Math.min(context + t, window);
  }
  return pairs;
}

function attentionCase(
  shape: ModelShape,
  dtype: FloatDType,
  lengths: Lengths,
  name: string,
  quick: boolean,
  window = Number.POSITIVE_INFINITY,
): BenchCase {
  const { model, heads, kvHeads, headDim } = shape;
  const tokens = lengths.reduce((sum, [, query]) => sum + query, 0);
  const keys = lengths.reduce((sum, [context, query]) => sum + Math.min(context, window - 1) + query, 0);
  const { size } = DTYPES[dtype];
  return {
    op: "pagedAttention",
    model,
    name,
    dtype,
    bytes: size * headDim * (2 * kvHeads * keys + 2 * heads * tokens),
    flops: 4 * heads * headDim * visiblePairs(lengths, window),
    quick,
    prepare(memory, sets) {
      const { batch, numBlocks } = memory.batch(lengths);
      const cacheShape = [numBlocks, kvHeads, BLOCK_SIZE, headDim];
      const keyCaches = memory.random(dtype, cacheShape, sets);
      const valueCaches = memory.random(dtype, cacheShape, sets);
      const q = queriesAndKeys(memory, shape, dtype, tokens, sets);
      const out = memory.random(dtype, [tokens, heads, headDim], sets);
      const { ops } = memory.backend;
      const options = { scale: headDim ** -0.5, ...(window < Number.POSITIVE_INFINITY && { window }) };
      return (set) => ops.pagedAttention(out[set]!, q[set]!.q, keyCaches[set]!, valueCaches[set]!, batch, options);
    },
  };
}

/** Prompts of {@link PROMPT_TOKENS} tokens, as encoders have them. */
function encoderCase(shape: ModelShape, dtype: FloatDType, tokens: number): BenchCase {
  const { model, heads, kvHeads, headDim } = shape;
  return {
    op: "encoderAttention",
    model,
    name: `prompts of ${PROMPT_TOKENS}, ${rowsText(tokens)}`,
    dtype,
    bytes: 2 * tokens * (heads + kvHeads) * headDim * DTYPES[dtype].size,
    flops: 4 * heads * headDim * tokens * PROMPT_TOKENS,
    quick: isQuick(tokens),
    prepare(memory, sets): Run {
      const { batch } = memory.batch(Array.from({ length: tokens / PROMPT_TOKENS }, () => [0, PROMPT_TOKENS] as const));
      const qkv = queriesAndKeys(memory, shape, dtype, tokens, sets);
      const out = memory.random(dtype, [tokens, heads, headDim], sets);
      const options = { scale: headDim ** -0.5 };
      const { ops } = memory.backend;
      return (set) => ops.encoderAttention(out[set]!, qkv[set]!.q, qkv[set]!.k, qkv[set]!.v, batch, options);
    },
  };
}

/** Views of merged qkv buffers, as the models have them. */
function queriesAndKeys(
  memory: BenchMemory,
  { heads, kvHeads, headDim }: ModelShape,
  dtype: FloatDType,
  tokens: number,
  sets: number,
): { q: Tensor; k: Tensor; v: Tensor }[] {
  const width = (heads + 2 * kvHeads) * headDim;
  return memory.random(dtype, [tokens, width], sets).map((qkv) => {
    const view = (first: number, count: number) =>
      reshape(slice(qkv, 1, first * headDim, (first + count) * headDim), [tokens, count, headDim]);
    return { q: view(0, heads), k: view(heads, kvHeads), v: view(heads + kvHeads, kvHeads) };
  });
}

/** Real cosines and sines: with other factors, values that are rotated again and again would vanish or overflow. */
function rotations(positions: number, headDim: number): Float32Array {
  const half = headDim / 2;
  return Float32Array.from({ length: positions * headDim }, (_, i) => {
    const pair = i % half;
    const angle = Math.floor(i / headDim) * 10000 ** (-pair / half);
    return i % headDim < half ? Math.cos(angle) : Math.sin(angle);
  });
}

function ropeCase(shape: ModelShape, dtype: FloatDType, tokens: number): BenchCase {
  const { model, heads, kvHeads, headDim } = shape;
  return {
    op: "rope",
    model,
    name: `${heads} and ${kvHeads} heads of ${headDim}, ${rowsText(tokens)}`,
    dtype,
    bytes: tokens * headDim * (2 * (heads + kvHeads) * DTYPES[dtype].size + 4),
    flops: 0,
    quick: isQuick(tokens),
    prepare(memory, sets): Run {
      const qkv = queriesAndKeys(memory, shape, dtype, tokens, sets);
      const positions = memory.indices(tokens, MAX_POSITIONS, 0);
      const cosSin = memory.float32([MAX_POSITIONS, headDim], rotations(MAX_POSITIONS, headDim));
      return (set) => memory.backend.ops.rope(qkv[set]!.q, qkv[set]!.k, positions, cosSin);
    },
  };
}

function writeKvCase(shape: ModelShape, dtype: FloatDType, tokens: number): BenchCase {
  const { model, kvHeads, headDim } = shape;
  return {
    op: "writeKv",
    model,
    name: `${kvHeads} heads of ${headDim}, ${rowsText(tokens)}`,
    dtype,
    bytes: 4 * tokens * kvHeads * headDim * DTYPES[dtype].size,
    flops: 0,
    quick: isQuick(tokens),
    prepare(memory, sets): Run {
      const { batch, numBlocks }: { batch: Batch; numBlocks: number } = memory.batch(lengthsOf(tokens));
      const cacheShape = [numBlocks, kvHeads, BLOCK_SIZE, headDim];
      const keyCaches = memory.random(dtype, cacheShape, sets);
      const valueCaches = memory.random(dtype, cacheShape, sets);
      const qkv = queriesAndKeys(memory, shape, dtype, tokens, sets);
      return (set) => memory.backend.ops.writeKv(keyCaches[set]!, valueCaches[set]!, qkv[set]!.k, qkv[set]!.v, batch);
    },
  };
}

export function attentionCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  const decode = DECODE_CONTEXTS.flatMap((context) =>
    DECODE_BATCHES.map((rows) => {
      const name = `decode, context ${context / 1024}k, ${rowsText(rows)}`;
      const quick = context === 1024 ? rows !== 16 : context === 32768 && rows === 16;
      return attentionCase(shape, dtype, decodeLengths(rows, context), name, quick);
    }),
  );
  const prefill = PREFILL_TOKENS.map((tokens) =>
    attentionCase(shape, dtype, [[0, tokens]], `prefill, ${rowsText(tokens)}`, isQuick(tokens)),
  );
  const windows = [
    attentionCase(shape, dtype, decodeLengths(16, 32768), "decode, window 4k of 32k, 16 rows", false, WINDOW),
    attentionCase(shape, dtype, [[0, 8192]], "prefill, window 4k, 8192 tokens", false, WINDOW),
  ];
  const rows = [...DECODE_ROWS, ...PREFILL_TOKENS];
  return [
    ...decode,
    ...prefill,
    ...windows,
    ...PREFILL_TOKENS.map((tokens) => encoderCase(shape, dtype, tokens)),
    ...rows.map((count) => ropeCase(shape, dtype, count)),
    ...rows.map((count) => writeKvCase(shape, dtype, count)),
  ];
}
