import { type AttentionOptions, type Backend, FLOAT_DTYPES, type FloatDType, slice, type Tensor } from "@octavo/core";
import { afterAll, describe, expect, test } from "vitest";
import {
  bits,
  blockOf,
  ISAS,
  make,
  makeBatch,
  randomNumbers,
  relativeError,
  type TestRow,
  TOLERANCE,
  values,
} from "../test/tensors.js";
import { createBackend } from "./index.js";

const SEED = 4242;
const MAX_BLOCKS = 16;

interface Shape {
  readonly dtype: FloatDType;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly blockSize: number;
}

/** A cache in which every row's block holds keys and values that depend on row and position alone. */
function fillCaches(backend: Backend, { dtype, kvHeads, headDim, blockSize }: Shape): [Tensor, Tensor] {
  const shape = [1 + 8 * MAX_BLOCKS, kvHeads, blockSize, headDim];
  const random = randomNumbers(SEED);
  return [make(backend, dtype, shape, random), make(backend, dtype, shape, random)];
}

function reference(shape: Shape, q: Tensor, keys: number[], cacheValues: number[], rows: readonly TestRow[]): number[] {
  const { heads, kvHeads, headDim, blockSize } = shape;
  const queries = values(q);
  const out: number[] = [];
  let token = 0;
  for (const { row, contextLen, tokens } of rows) {
    for (let i = 0; i < tokens.length; i++, token++) {
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads);
        const at = (position: number, d: number) => {
          const block = blockOf(row, Math.floor(position / blockSize), MAX_BLOCKS);
          return ((block * kvHeads + kvHead) * blockSize + (position % blockSize)) * headDim + d;
        };
        const scores = Array.from({ length: contextLen + i + 1 }, (_, position) => {
          let dot = 0;
          for (let d = 0; d < headDim; d++)
            dot += queries[(token * heads + head) * headDim + d]! * keys[at(position, d)]!;
          return dot * 0.3;
        });
        const most = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - most));
        const total = weights.reduce((a, b) => a + b);
        for (let d = 0; d < headDim; d++) {
          out.push(weights.reduce((sum, weight, position) => sum + weight * cacheValues[at(position, d)]!, 0) / total);
        }
      }
    }
  }
  return out;
}

describe.each(ISAS)("attention (%s)", (isa) => {
  const backend = createBackend({ isa, numThreads: 2 });
  afterAll(() => backend.dispose());
  const row = (id: number, contextLen: number, count: number): TestRow => ({
    row: id,
    contextLen,
    tokens: Array.from({ length: count }, (_, i) => i),
  });

  const shapes: Shape[] = FLOAT_DTYPES.flatMap((dtype) => [
    { dtype, heads: 4, kvHeads: 4, headDim: 16, blockSize: 16 },
    { dtype, heads: 9, kvHeads: 3, headDim: 64, blockSize: 16 },
    { dtype, heads: 8, kvHeads: 1, headDim: 20, blockSize: 5 },
    { dtype, heads: 34, kvHeads: 2, headDim: 136, blockSize: 32 },
  ]);
  test.each(shapes)("$dtype, $heads heads over $kvHeads of $headDim, blocks of $blockSize", (shape) => {
    const rows = [row(3, 0, 1), row(0, 17, 1), row(5, 0, 13), row(1, 31, 8), row(7, 63, 1)];
    const batch = makeBatch(backend, rows, { blockSize: shape.blockSize });
    backend.ops.prepareBatch(batch);
    const [keys, cacheValues] = fillCaches(backend, shape);
    const q = make(backend, shape.dtype, [batch.numTokens, shape.heads, shape.headDim], randomNumbers(SEED + 1));
    const out = make(backend, shape.dtype, [batch.numTokens, shape.heads, shape.headDim]);
    backend.ops.pagedAttention(out, q, keys, cacheValues, batch, { scale: 0.3 });
    const expected = reference(shape, q, values(keys), values(cacheValues), rows);
    expect(relativeError(values(out), expected), `seed ${SEED}`).toBeLessThan(2 * TOLERANCE[shape.dtype]);
  });

  test.each(FLOAT_DTYPES)("a token's result does not depend on its chunk, its neighbours or threads: %s", (dtype) => {
    const shape: Shape = { dtype, heads: 6, kvHeads: 2, headDim: 32, blockSize: 16 };
    const [keys, cacheValues] = fillCaches(backend, shape);
    const q = make(backend, dtype, [100, 6, 32], randomNumbers(SEED + 1));
    const attend = (rows: TestRow[], queries: Tensor) => {
      const batch = makeBatch(backend, rows);
      backend.ops.prepareBatch(batch);
      const out = make(backend, dtype, [batch.numTokens, 6, 32]);
      backend.ops.pagedAttention(out, queries, keys, cacheValues, batch, { scale: 0.3 });
      return out;
    };
    const whole = attend([row(2, 0, 100)], q);
    for (let start = 0; start < 100; ) {
      const count = Math.min(100 - start, 1 + ((start * 5) % 11));
      const chunk = attend([row(2, start, count)], slice(q, 0, start, start + count));
      expect(bits(chunk), `tokens ${start} to ${start + count}`).toBe(bits(slice(whole, 0, start, start + count)));
      start += count;
    }
    const both = attend([row(4, 40, 30), row(2, 30, 70)], q);
    const alone = attend([row(2, 30, 70)], slice(q, 0, 30, 100));
    expect(bits(slice(both, 0, 30, 100))).toBe(bits(alone));
  });

  test("writeKv stores keys and values at the slots, from strided tensors", () => {
    const batch = makeBatch(backend, [row(1, 14, 5), row(0, 3, 1)]);
    backend.ops.prepareBatch(batch);
    const [kvHeads, headDim] = [2, 8];
    const both = make(backend, "float16", [6, 2 * kvHeads, headDim], randomNumbers(SEED));
    const cache = () => make(backend, "float16", [130, kvHeads, 16, headDim], () => -5);
    const [keys, cacheValues] = [cache(), cache()];
    backend.ops.writeKv(keys, cacheValues, slice(both, 1, 0, kvHeads), slice(both, 1, kvHeads, 2 * kvHeads), batch);
    const [allKeys, allValues, source, slots] = [values(keys), values(cacheValues), values(both), values(batch.slots)];
    const untouched = new Set(allKeys.keys());
    for (let t = 0; t < 6; t++) {
      for (let head = 0; head < kvHeads; head++) {
        for (let d = 0; d < headDim; d++) {
          const at = ((Math.floor(slots[t]! / 16) * kvHeads + head) * 16 + (slots[t]! % 16)) * headDim + d;
          expect(allKeys[at]).toBe(source[(t * 2 * kvHeads + head) * headDim + d]);
          expect(allValues[at]).toBe(source[(t * 2 * kvHeads + kvHeads + head) * headDim + d]);
          untouched.delete(at);
        }
      }
    }
    for (const at of untouched) expect(allKeys[at]).toBe(-5);
  });

  test("blocks and slots outside of the cache are errors", () => {
    const batch = makeBatch(backend, [row(1, 0, 3)]);
    backend.ops.prepareBatch(batch);
    const shape: Shape = { dtype: "float32", heads: 2, kvHeads: 1, headDim: 8, blockSize: 16 };
    const small = make(backend, "float32", [4, 1, 16, 8], () => 0);
    const q = make(backend, "float32", [3, shape.heads, shape.headDim], () => 0);
    expect(() => backend.ops.pagedAttention(q, q, small, small, batch, { scale: 1 })).toThrow(
      /block 0 of row 1 is 20, the cache has 4/,
    );
    const k = slice(q, 1, 0, 1);
    expect(() => backend.ops.writeKv(small, small, k, k, batch)).toThrow(/slot 320 of token 0/);
  });

  test("options that mean nothing are errors", () => {
    const batch = makeBatch(backend, [row(1, 0, 3)]);
    backend.ops.prepareBatch(batch);
    const cache = make(backend, "float32", [130, 1, 16, 8], () => 0);
    const q = make(backend, "float32", [3, 2, 8], () => 0);
    const k = slice(q, 1, 0, 1);
    const wrong: [options: Partial<AttentionOptions>, message: RegExp][] = [
      [{ scale: Number.NaN }, /scale is NaN/],
      [{ window: 0 }, /window is 0, a whole number above 0 was expected; leave it out for none/],
      [{ window: 2.5 }, /window is 2.5/],
      [{ softcap: 0 }, /softcap is 0, a number above 0 was expected; leave it out for none/],
      [{ sinks: make(backend, "float32", [3], () => 0) }, /sinks is \[3\], contiguous \[2\] was expected/],
      [{ slopes: make(backend, "float16", [2], () => 0) }, /slopes is float16, float32 was expected/],
    ];
    for (const [options, message] of wrong) {
      const all = { scale: 1, ...options };
      expect(() => backend.ops.pagedAttention(q, q, cache, cache, batch, all)).toThrow(message);
      expect(() => backend.ops.encoderAttention(q, q, k, k, batch, all)).toThrow(message);
    }
    const heads = make(backend, "float32", [3, 3, 8], () => 0);
    expect(() => backend.ops.encoderAttention(q, q, heads, heads, batch, { scale: 1 })).toThrow(
      /encoderAttention: q is \[3,2,8\], k is \[3,3,8\]/,
    );
  });

  test("blocks before the window of every token are not looked at", () => {
    const blockSize = 4;
    const shape: Shape = { dtype: "float32", heads: 2, kvHeads: 1, headDim: 8, blockSize };
    const [keys, cacheValues] = fillCaches(backend, shape);
    const q = make(backend, "float32", [3, 2, 8], randomNumbers(SEED + 1));
    const attend = (forget: number) => {
      const batch = makeBatch(backend, [row(2, 41, 3)], { blockSize });
      backend.ops.prepareBatch(batch);
      const table = values(batch.tables.blockTables).map((block, i) =>
        i >= 2 * MAX_BLOCKS && i < 2 * MAX_BLOCKS + forget ? 0x7ffffff0 : block,
      );
      new Int32Array(batch.tables.blockTables.storage.bytes!.buffer, batch.tables.blockTables.byteOffset).set(table);
      const out = make(backend, "float32", [3, 2, 8]);
      backend.ops.pagedAttention(out, q, keys, cacheValues, batch, { scale: 0.3, window: 10 });
      return bits(out);
    };
    // The token at 41 sees positions from 32 on, the first of block 8.
    expect(attend(8)).toBe(attend(0));
    expect(() => attend(9)).toThrow(/block 8 of row 2 is/);
  });
});
