// A row's result is the same bytes whatever else is in the batch, and however its sequence is cut into chunks.
import { type Backend, COMPUTED_FORMATS, DTYPES, FLOAT_DTYPES, type FloatDType } from "@octavo/core";
import {
  allowedRecord,
  type BatchRow,
  CaseBench,
  type CaseOptions,
  editsRecord,
  historyRecord,
  optionsOn,
  preparedBatch,
  type RowSampling,
  randomBlocks,
  seededRandom,
} from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { afterAll, describe, expect, test } from "vitest";
import { instructionSets } from "./instruction-sets.js";

/** The first output's bytes. */
function run(backend: Backend, prepare: (bench: CaseBench) => () => void): Buffer {
  const bench = new CaseBench(backend, 1);
  try {
    prepare(bench)();
    const { outputs, damage } = bench.collect();
    expect(damage).toEqual([]);
    return Buffer.from(outputs[0]!.values.storage.bytes!);
  } finally {
    bench.dispose();
  }
}

function normals(count: number, seed: number, scale = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => scale * random.normal());
}

/** The bytes of `rows` rows done at once, and of the same done in pieces of the given sizes. */
function expectSameInPieces(rows: number, compute: (first: number, count: number) => Buffer): void {
  const together = compute(0, rows);
  for (const size of [1, 2, 5, 16]) {
    const pieces: Buffer[] = [];
    for (let first = 0; first < rows; first += size) pieces.push(compute(first, Math.min(size, rows - first)));
    expect(Buffer.compare(Buffer.concat(pieces), together), `pieces of ${size}`).toBe(0);
  }
}

describe.each(instructionSets)("%s", (isa) => {
  const backend = createBackend({ isa, numThreads: 2 });
  afterAll(() => backend.dispose());

  test.each(FLOAT_DTYPES)("linear, rows alone = rows in a batch, %s", (dtype) => {
    const [rows, inFeatures, outFeatures] = [37, 203, 131];
    const values = normals(rows * inFeatures, 2);
    const weights = normals(inFeatures * outFeatures, 3, 0.1);
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const out = bench.output("out", dtype, [count, outFeatures]);
        const x = bench.input("x", dtype, [count, inFeatures], (i) => values[first * inFeatures + i]!);
        const weight = bench.hostTensor(dtype, [outFeatures, inFeatures], (i) => weights[i]!);
        const parts = [{ name: "w", outFeatures, planes: { format: "dense" as const, weight } }];
        const linear = bench.linear({ inFeatures, dtype, parts });
        return () => bench.ops.linear(out, x, linear);
      }),
    );
  });

  test.each(COMPUTED_FORMATS)("linear, rows alone = rows in a batch, %s", (format) => {
    const [rows, inFeatures, outFeatures] = [37, 512, 131];
    const values = normals(rows * inFeatures, 2);
    const blocks = randomBlocks(format, inFeatures * outFeatures, seededRandom(3), 0.1);
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const out = bench.output("out", "float32", [count, outFeatures]);
        const x = bench.input("x", "bfloat16", [count, inFeatures], (i) => values[first * inFeatures + i]!);
        const planes = bench.blockPlanes(format, outFeatures, blocks);
        const linear = bench.linear({ inFeatures, dtype: "bfloat16", parts: [{ name: "w", outFeatures, planes }] });
        return () => bench.ops.linear(out, x, linear);
      }),
    );
  });

  test.each(["float32", "bfloat16", "q4_k"] as const)("experts, tokens alone = tokens in a batch, %s", (format) => {
    const [tokens, chosen, count, inFeatures, outFeatures] = [37, 3, 5, 256, 67];
    const dtype = format === "float32" ? "float32" : "bfloat16";
    const values = normals(tokens * inFeatures, 2);
    const logits = normals(tokens * count, 4);
    const weights = normals(count * inFeatures * outFeatures, 3, 0.1);
    const blocks = Array.from({ length: count }, (_, e) =>
      randomBlocks("q4_k", inFeatures * outFeatures, seededRandom(e), 0.1),
    );
    expectSameInPieces(tokens, (first, rows) =>
      run(backend, (bench) => {
        const combined = bench.output("combined", dtype, [rows, outFeatures]);
        const out = bench.output("out", dtype, [rows * chosen, outFeatures]);
        const routing = {
          experts: bench.output("experts", "int32", [rows, chosen]),
          weights: bench.output("weights", "float32", [rows, chosen]),
        };
        const scores = bench.input("logits", "float32", [rows, count], (i) => logits[first * count + i]!);
        const x = bench.input("x", dtype, [rows, inFeatures], (i) => values[first * inFeatures + i]!);
        const planesOf = (e: number) =>
          format === "q4_k"
            ? bench.blockPlanes(format, outFeatures, blocks[e]!)
            : {
                format: "dense" as const,
                weight: bench.hostTensor(
                  format,
                  [outFeatures, inFeatures],
                  (i) => weights[e * inFeatures * outFeatures + i]!,
                ),
              };
        const linears = Array.from({ length: count }, (_, e) =>
          bench.linear({ inFeatures, dtype, parts: [{ name: `${e}`, outFeatures, planes: planesOf(e) }] }),
        );
        const experts = bench.experts(linears);
        return () => {
          bench.ops.routeExperts(routing, scores, { scoring: "softmax", renormalize: true });
          bench.ops.expertLinear(out, x, experts, routing);
          bench.ops.combineExperts(combined, out, routing);
        };
      }),
    );
  });

  test.each(FLOAT_DTYPES)("rmsNorm and gatedActivation, rows alone = rows in a batch, %s", (dtype) => {
    const [rows, width] = [40, 530];
    const values = normals(rows * width, 4, 2);
    const weights = normals(width, 5);
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const out = bench.output("out", dtype, [count, width]);
        const x = bench.input("x", dtype, [count, width], (i) => values[first * width + i]!);
        const weight = bench.input("weight", dtype, [width], (i) => weights[i]!);
        return () => bench.ops.rmsNorm(out, x, weight, 1e-5);
      }),
    );
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const out = bench.output("out", dtype, [count, width / 2]);
        const gateUp = bench.input("gateUp", dtype, [count, width], (i) => values[first * width + i]!);
        return () => bench.ops.gatedActivation(out, gateUp, "silu");
      }),
    );
  });

  test.each(FLOAT_DTYPES)("layerNorm and norms of heads, rows alone = rows in a batch, %s", (dtype) => {
    const [rows, heads, headDim] = [40, 3, 81];
    const width = heads * headDim;
    const values = normals(rows * width, 10, 2);
    const weights = normals(width, 11);
    const inputs = (bench: CaseBench, shape: number[], first: number) => ({
      out: bench.output("out", dtype, shape),
      x: bench.input("x", dtype, shape, (i) => values[first * width + i]!),
    });
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const { out, x } = inputs(bench, [count, width], first);
        const weight = bench.input("weight", dtype, [width], (i) => weights[i]!);
        return () => bench.ops.layerNorm(out, x, weight, weight, 1e-5);
      }),
    );
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const { out, x } = inputs(bench, [count, heads, headDim], first);
        const weight = bench.input("weight", dtype, [heads, headDim], (i) => weights[i]!);
        return () => bench.ops.rmsNorm(out, x, weight, 1e-5, 1);
      }),
    );
  });

  const attentions = FLOAT_DTYPES.flatMap((dtype) => [
    { dtype, how: "plain", options: {} },
    { dtype, how: "windows", options: { window: 21 } },
    { dtype, how: "everything", options: { window: 37, softcap: 2, sinks: [1, -3, 0.5], slopes: [0.25, 0.0625] } },
  ]);
  test.each(attentions)("attention, chunks of any size, alone or among others, $dtype, $how", ({ dtype, options }) => {
    const length = 83;
    const whole = attendChunk(backend, dtype, [{ first: 0, count: length }], 0, options);
    for (const size of [1, 2, 16, 17, 40]) {
      for (let first = 0; first < length; first += size) {
        const chunk = { first, count: Math.min(size, length - first) };
        // The other rows come before and after, and every run deals the blocks anew.
        const others =
          first % 3 === 0
            ? []
            : [
                { first: 40, count: 1 },
                { first: 5, count: 12 },
              ];
        const batched = attendChunk(
          backend,
          dtype,
          [others[0], chunk, others[1]].filter((c) => c !== undefined),
          first,
          options,
        );
        const index = others.length === 0 ? 0 : 1;
        const expected = whole[0]!.subarray(first * rowBytes(dtype), (first + chunk.count) * rowBytes(dtype));
        expect(Buffer.compare(batched[index]!, expected), `tokens ${first} to ${first + chunk.count}`).toBe(0);
      }
    }
  });

  test.each(attentions)("encoder attention, prompts alone = prompts in a batch, $dtype, $how", ({ dtype, options }) => {
    const lengths = [1, 40, 17, 0, 83];
    const encode = (order: readonly number[]) => {
      const positions = order.flatMap((i) => Array.from({ length: lengths[i]! }, (_, t) => t + i));
      const rows = order.map((i, row): BatchRow => ({ row, contextLen: 0, queryLen: lengths[i]!, blocks: [] }));
      const part = (bench: CaseBench, name: string, heads: number, source: readonly number[]) => {
        const width = heads * HEAD_DIM;
        return bench.input(name, dtype, [positions.length, heads, HEAD_DIM], (i) => {
          return source[positions[Math.floor(i / width)]! * width + (i % width)]!;
        });
      };
      return run(backend, (bench) => {
        const out = bench.output("out", dtype, [positions.length, HEADS, HEAD_DIM]);
        const q = part(bench, "q", HEADS, queries);
        const [k, v] = [part(bench, "k", KV_HEADS, keys), part(bench, "v", KV_HEADS, values)];
        const { batch } = preparedBatch(bench, { rows, maxRows: 5, maxTokens: 256, blockSize: 16, maxBlocksPerRow: 8 });
        const made = optionsOn(bench, { heads: HEADS, headDim: HEAD_DIM }, options);
        return () => bench.ops.encoderAttention(out, q, k, v, batch, made);
      });
    };
    const alone = lengths.map((_, i) => (lengths[i]! > 0 ? encode([i]) : Buffer.alloc(0)));
    for (const order of [
      [0, 1, 2, 3, 4],
      [4, 2, 3, 0, 1],
      [1, 4],
    ]) {
      const expected = Buffer.concat(order.map((i) => alone[i]!));
      expect(Buffer.compare(encode(order), expected), `prompts ${order}`).toBe(0);
    }
  });

  test("adjusted logits, rows alone = rows in a batch", () => {
    const [rows, vocabSize] = [24, 1003];
    const values = normals(rows * vocabSize, 8, 3);
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const logits = bench.output("logits", "float32", [count, vocabSize], {
          initial: (i) => values[first * vocabSize + i]!,
        });
        const requests = Array.from({ length: count }, (_, i) => adjustedRow(i, first + i, vocabSize));
        const { batch } = preparedBatch(bench, {
          rows: requests,
          maxRows: count,
          maxTokens: count,
          blockSize: 16,
          maxBlocksPerRow: 4,
          vocabSize,
          // Room for the records of all rows at once.
          maxSamples: count + 1000 * count,
        });
        return () => bench.ops.adjustLogits(logits, batch);
      }),
    );
  });

  test("sampling, rows alone = rows in a batch", () => {
    const [rows, vocabSize] = [24, 1000];
    const values = normals(rows * vocabSize, 6, 3);
    expectSameInPieces(rows, (first, count) =>
      run(backend, (bench) => {
        const requests = Array.from({ length: count }, (_, i): BatchRow => {
          return { row: i, contextLen: first + i, queryLen: 1, blocks: [1, 2], sampling: parametersOf(first + i) };
        });
        const tokens = bench.output("tokens", "int32", [count]);
        const logits = bench.input("logits", "float32", [count, vocabSize], (i) => values[first * vocabSize + i]!);
        const spec = { rows: requests, maxRows: count, maxTokens: count, blockSize: 16, maxBlocksPerRow: 2 };
        const { batch } = preparedBatch(bench, spec);
        return () => bench.ops.sample(tokens, logits, batch);
      }),
    );
  });
});

const HEADS = 6;
const KV_HEADS = 2;
const HEAD_DIM = 24;
const BLOCK_SIZE = 16;
const NUM_BLOCKS = 40;
const LONGEST = 96;
const queries = normals(LONGEST * HEADS * HEAD_DIM, 7);
const keys = normals(LONGEST * KV_HEADS * HEAD_DIM, 8);
const values = normals(LONGEST * KV_HEADS * HEAD_DIM, 9);

function rowBytes(dtype: FloatDType): number {
  return HEADS * HEAD_DIM * DTYPES[dtype].size;
}

/** Attention of chunks of the one sequence above, each a row of its own. @returns each chunk's output */
function attendChunk(
  backend: Backend,
  dtype: FloatDType,
  chunks: readonly { first: number; count: number }[],
  seed: number,
  options: CaseOptions,
): Buffer[] {
  const order = seededRandom(seed).permutation(NUM_BLOCKS - 1);
  const rows = chunks.map(({ first, count }, i): BatchRow => {
    const blocks = order.splice(0, Math.ceil((first + count) / BLOCK_SIZE)).map((block) => block + 1);
    return { row: chunks.length - 1 - i, contextLen: first, queryLen: count, blocks };
  });
  const positions = chunks.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
  const cacheOf = (source: readonly number[]): number[] => {
    const cache = new Array<number>(NUM_BLOCKS * KV_HEADS * BLOCK_SIZE * HEAD_DIM).fill(Number.NaN);
    for (const { blocks, contextLen, queryLen } of rows) {
      for (let position = 0; position < contextLen + queryLen; position++) {
        for (let i = 0; i < KV_HEADS * HEAD_DIM; i++) {
          const head = Math.floor(i / HEAD_DIM);
          const slot =
            (blocks[Math.floor(position / BLOCK_SIZE)]! * KV_HEADS + head) * BLOCK_SIZE + (position % BLOCK_SIZE);
          cache[slot * HEAD_DIM + (i % HEAD_DIM)] = source[position * KV_HEADS * HEAD_DIM + i]!;
        }
      }
    }
    return cache;
  };
  const output = run(backend, (bench) => {
    const width = HEADS * HEAD_DIM;
    const out = bench.output("out", dtype, [positions.length, HEADS, HEAD_DIM]);
    const q = bench.input("q", dtype, [positions.length, HEADS, HEAD_DIM], (i) => {
      return queries[positions[Math.floor(i / width)]! * width + (i % width)]!;
    });
    const cacheShape = [NUM_BLOCKS, KV_HEADS, BLOCK_SIZE, HEAD_DIM];
    const keyValues = cacheOf(keys);
    const valueValues = cacheOf(values);
    const keyCache = bench.input("keys", dtype, cacheShape, (i) => keyValues[i]!);
    const valueCache = bench.input("values", dtype, cacheShape, (i) => valueValues[i]!);
    const spec = { rows, maxRows: 4, maxTokens: 128, blockSize: BLOCK_SIZE, maxBlocksPerRow: 8 };
    const { batch } = preparedBatch(bench, spec);
    const made = optionsOn(bench, { heads: HEADS, headDim: HEAD_DIM }, options);
    return () => bench.ops.pagedAttention(out, q, keyCache, valueCache, batch, made);
  });
  let start = 0;
  return chunks.map(({ count }) => {
    const end = start + count * rowBytes(dtype);
    const part = output.subarray(start, end);
    start = end;
    return part;
  });
}

/** Request `request`, in row `row` of the tables. */
function adjustedRow(row: number, request: number, vocabSize: number): BatchRow {
  const random = seededRandom(request);
  const tokens = (count: number): number[] => Array.from({ length: count }, () => random.integer(vocabSize));
  const known = tokens(40);
  const edits = tokens(5).map((token) => ({ token, bias: random.normal(), before: known.slice(38 + (token % 3)) }));
  return {
    row,
    contextLen: 39,
    queryLen: 1,
    blocks: [1, 2, 3],
    sampling: parametersOf(request),
    adjustment: {
      flags: request % 8,
      repetitionPenalty: 1.2,
      frequencyPenalty: 0.3,
      presencePenalty: 0.1,
      promptLength: 9,
    },
    records: [historyRecord(0, known), allowedRecord(tokens(600)), editsRecord(edits)],
  };
}

function parametersOf(request: number): RowSampling {
  const off = { temperature: 1, topP: 1, minP: 0, topK: 0, seedLow: request, seedHigh: 77, choice: 0 };
  const varied = [{}, { temperature: 0 }, { topP: 0.7 }, { topK: 9, temperature: 3 }, { minP: 0.05 }];
  return { ...off, ...varied[request % varied.length] };
}
