// Cases of writeKv and pagedAttention. What no token of a row may see is NaN: unwritten slots, other blocks, block 0.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { reshape, slice } from "../../tensor.js";
import type { Random } from "../random.js";
import { type AttentionShape, attentionBatch, type Lengths, LONGER, MIXED } from "./attention-batch.js";
import type { Fill } from "./case-bench.js";
import { normal, smallIntegers } from "./fills.js";
import { type OpCase, TOLERANCES } from "./op-case.js";

const SHAPES: readonly AttentionShape[] = [
  { name: "first token", why: "a softmax over one key", heads: 1, kvHeads: 1, headDim: 8, lengths: [[0, 1]] },
  { name: "prefill", why: "a whole prompt", heads: 4, kvHeads: 4, headDim: 16, lengths: [[0, 33]] },
  { name: "decode", why: "one row alone", heads: 4, kvHeads: 1, headDim: 64, lengths: [[64, 1]] },
  { name: "mixed", why: "chunks and single tokens in one batch", heads: 4, kvHeads: 2, headDim: 64, lengths: MIXED },
  { name: "mixed", why: "groups of 7", heads: 7, kvHeads: 1, headDim: 64, lengths: MIXED },
  { name: "mixed", why: "a head of 80", heads: 4, kvHeads: 2, headDim: 80, lengths: MIXED },
  { name: "mixed", why: "a head of 96", heads: 4, kvHeads: 1, headDim: 96, lengths: MIXED },
  { name: "mixed", why: "a head of 128", heads: 6, kvHeads: 3, headDim: 128, lengths: MIXED },
  { name: "mixed", why: "a head of 256", heads: 2, kvHeads: 1, headDim: 256, lengths: MIXED },
  { name: "mixed", why: "an odd head: rows end inside a vector", heads: 3, kvHeads: 1, headDim: 9, lengths: MIXED },
  { name: "blocks of 32", why: "another block size", heads: 4, kvHeads: 2, headDim: 64, blockSize: 32, lengths: MIXED },
  {
    name: "blocks of 5",
    why: "a block size that is no power of two",
    heads: 2,
    kvHeads: 2,
    headDim: 16,
    blockSize: 5,
    lengths: MIXED,
  },
  {
    name: "blocks of 1",
    why: "a block for each token",
    heads: 2,
    kvHeads: 1,
    headDim: 16,
    blockSize: 1,
    lengths: MIXED,
  },
  {
    name: "block borders",
    why: "sequences that end just before, at and after the end of a block, and chunks that begin there",
    heads: 4,
    kvHeads: 2,
    headDim: 16,
    lengths: [
      [14, 1],
      [15, 1],
      [16, 1],
      [31, 1],
      [0, 16],
      [16, 16],
      [15, 2],
      [16, 17],
      [0, 15],
      [0, 17],
      [31, 33],
    ],
  },
  {
    name: "shared prefix",
    why: "several rows read the same blocks",
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    shared: 3,
    lengths: [
      [48, 1],
      [50, 7],
      [70, 1],
      [48, 16],
      [20, 3],
    ],
  },
  {
    name: "long context",
    why: "many blocks, enough for several threads",
    heads: 4,
    kvHeads: 1,
    headDim: 64,
    lengths: [
      [500, 1],
      [257, 40],
      [999, 1],
    ],
  },
  {
    name: "33 rows",
    why: "a full decode batch",
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    lengths: Array.from({ length: 33 }, (_, i) => [(i * 13) % 90, 1] as const),
  },
];

const SHORTER: Lengths = [
  [100, 1],
  [10, 20],
  [70, 1],
];

const oneTokenEach = (rows: number, longest: number): Lengths =>
  Array.from({ length: rows }, (_, i) => [i === 5 ? longest : i % 2, 1] as const);

/** For kernels that take tiles of queries and keys or split a sequence, as those of 16-bit types do. */
const TILED_SHAPES: readonly AttentionShape[] = [
  {
    name: "tile edges",
    why: "sequences and chunks that end just before, at and after 64 and 128",
    heads: 2,
    kvHeads: 1,
    headDim: 64,
    lengths: [
      [62, 1],
      [63, 1],
      [0, 63],
      [64, 1],
      [0, 64],
      [0, 65],
      [127, 1],
      [60, 68],
      [128, 1],
    ],
  },
  { name: "longer", why: "every head its own group", heads: 2, kvHeads: 2, headDim: 64, lengths: LONGER },
  { name: "shorter", why: "groups of 8", heads: 8, kvHeads: 1, headDim: 64, lengths: SHORTER },
  { name: "shorter", why: "a group of more than 16", heads: 17, kvHeads: 1, headDim: 64, lengths: SHORTER },
  { name: "longer", why: "a head of 80, several tiles", heads: 2, kvHeads: 1, headDim: 80, lengths: LONGER },
  { name: "longer", why: "a head of 96, several tiles", heads: 3, kvHeads: 1, headDim: 96, lengths: LONGER },
  { name: "longer", why: "a head of 128, several tiles", heads: 4, kvHeads: 1, headDim: 128, lengths: LONGER },
  { name: "longer", why: "a head of 256, several tiles", heads: 2, kvHeads: 1, headDim: 256, lengths: LONGER },
  {
    name: "one long row",
    why: "more shares than a warp has lanes",
    heads: 2,
    kvHeads: 1,
    headDim: 64,
    lengths: [[2200, 1]],
  },
  {
    name: "128 rows",
    why: "so many rows that a sequence is split into few shares of several tiles",
    heads: 4,
    kvHeads: 4,
    headDim: 64,
    blockSize: 1,
    lengths: oneTokenEach(128, 140),
  },
  {
    name: "257 rows",
    why: "so many rows that no sequence is split",
    heads: 4,
    kvHeads: 4,
    headDim: 64,
    blockSize: 1,
    lengths: oneTokenEach(257, 70),
  },
];

interface AttentionValues {
  readonly name: string;
  readonly why: string;
  readonly scale?: number;
  queries(random: Random): Fill;
  keys(random: Random): Fill;
}

const NORMAL: AttentionValues = {
  name: "",
  why: "",
  queries: (random) => normal(random),
  keys: (random) => normal(random),
};

const ADVERSARIAL: readonly AttentionValues[] = [
  {
    name: "huge scores",
    why: "scores of thousands: exp must not overflow. They are integers, so that every order of summing gives the same",
    scale: 8,
    queries: (random) => smallIntegers(random, 8),
    keys: (random) => smallIntegers(random, 8),
  },
  {
    name: "equal scores",
    why: "keys of zero: the plain mean of the values",
    queries: (random) => normal(random),
    keys: () => () => 0,
  },
  {
    name: "very negative scores",
    why: "all scores far below zero: the largest must be found among them",
    scale: 64,
    queries: (random) => () => 2 + random.integer(3),
    keys: (random) => () => -2 - random.integer(3),
  },
];

function attentionCase(dtype: FloatDType, shape: AttentionShape, values: AttentionValues = NORMAL): OpCase {
  const { heads, kvHeads, headDim } = shape;
  const size = `${heads}/${kvHeads} heads of ${headDim}`;
  return {
    op: "pagedAttention",
    name: `pagedAttention ${dtype} ${shape.name}, ${size} ${values.name}`.trim(),
    why: values.why || shape.why,
    dtype,
    tolerance: TOLERANCES[dtype],
    prepare(bench) {
      const { random } = bench;
      const { batch, numTokens, cacheShape, seen } = attentionBatch(bench, shape);
      const out = bench.output("out", dtype, [numTokens, heads, headDim]);
      // Queries lie in the merged qkv buffer, whose keys and values the op must not read.
      const width = (heads + 2 * kvHeads) * headDim;
      const query = values.queries(random);
      const qkv = bench.input("qkv", dtype, [numTokens, width], (i) =>
        i % width < heads * headDim ? query(i) : Number.NaN,
      );
      const q = reshape(slice(qkv, 1, 0, heads * headDim), [numTokens, heads, headDim]);
      const keys = bench.input("keys", dtype, cacheShape, seen(values.keys(random)));
      const stored = bench.input("values", dtype, cacheShape, seen(normal(random)));
      const options = { scale: values.scale ?? headDim ** -0.5 };
      return () => bench.ops.pagedAttention(out, q, keys, stored, batch, options);
    },
  };
}

function writeKvCase(dtype: FloatDType, shape: AttentionShape): OpCase {
  const { kvHeads, headDim, blockSize = 16 } = shape;
  return {
    op: "writeKv",
    name: `writeKv ${dtype} ${shape.name}, ${kvHeads} heads of ${headDim}, blocks of ${blockSize}`,
    why: `${shape.why}; the rest of the cache stays`,
    dtype,
    tolerance: "exact",
    prepare(bench) {
      const { random } = bench;
      const { batch, numTokens, cacheShape } = attentionBatch(bench, shape);
      const keyCache = bench.output("keyCache", dtype, cacheShape, { initial: normal(random) });
      const valueCache = bench.output("valueCache", dtype, cacheShape, { initial: normal(random) });
      const kv = bench.input("kv", dtype, [numTokens, 2 * kvHeads * headDim], normal(random));
      const view = (start: number) =>
        reshape(slice(kv, 1, start, start + kvHeads * headDim), [numTokens, kvHeads, headDim]);
      const k = view(0);
      const v = view(kvHeads * headDim);
      return () => bench.ops.writeKv(keyCache, valueCache, k, v, batch);
    },
  };
}

const WRITE_SHAPES = SHAPES.filter(({ name, shared }) => name !== "long context" && !shared);

export const attentionCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) => [
  ...WRITE_SHAPES.map((shape) => writeKvCase(dtype, shape)),
  ...SHAPES.map((shape) => attentionCase(dtype, shape)),
  ...(dtype === "float32" ? [] : TILED_SHAPES.map((shape) => attentionCase(dtype, shape))),
  ...ADVERSARIAL.map((values) => attentionCase(dtype, SHAPES[3]!, values)),
]);
