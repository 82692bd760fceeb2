// Cases of attention whose values are a part of the keys, which are all that is cached (DeepSeek V2's latent attention).
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { slice } from "../../tensor.js";
import { type AttentionShape, attentionBatch, MIXED } from "./attention-batch.js";
import { normal } from "./fills.js";
import { type OpCase, TOLERANCES } from "./op-case.js";

interface LatentShape extends AttentionShape {
  /** Where a key's value begins, and how wide it is. */
  readonly value: readonly [first: number, size: number];
  /** Dtypes. Default: all. */
  readonly dtypes?: readonly FloatDType[];
}

const DEEPSEEK = { kvHeads: 1, headDim: 576, value: [64, 512] } as const;
const HALVES = ["float16", "bfloat16"] as const;

const SHAPES: readonly LatentShape[] = [
  { name: "mixed", why: "small sizes", heads: 4, kvHeads: 1, headDim: 24, value: [8, 16], lengths: MIXED },
  { name: "mixed", why: "rows inside a vector", heads: 3, kvHeads: 1, headDim: 15, value: [4, 11], lengths: MIXED },
  { name: "mixed", why: "values at the front", heads: 4, kvHeads: 2, headDim: 40, value: [0, 32], lengths: MIXED },
  {
    name: "blocks of 32",
    why: "another block size",
    heads: 2,
    kvHeads: 1,
    headDim: 48,
    value: [16, 32],
    blockSize: 32,
    lengths: MIXED,
  },
  { name: "DeepSeek's size", why: "few heads, as a rank of several has", heads: 5, ...DEEPSEEK, lengths: MIXED },
  {
    name: "DeepSeek's size",
    why: "16 heads, as V2-Lite: prompts of several tiles beside an entry without tokens",
    heads: 16,
    ...DEEPSEEK,
    dtypes: HALVES,
    lengths: [
      [40, 1],
      [30, 9],
      [17, 0],
      [0, 5],
    ],
  },
  {
    name: "DeepSeek's size",
    why: "128 heads: several tiles of one token",
    heads: 128,
    ...DEEPSEEK,
    dtypes: ["bfloat16"],
    lengths: [
      [66, 1],
      [3, 2],
    ],
  },
  {
    name: "DeepSeek's size",
    why: "a number of heads that fills no tile, decoding at lengths around a tile's",
    heads: 20,
    ...DEEPSEEK,
    dtypes: HALVES,
    lengths: [
      [200, 1],
      [32, 1],
      [31, 1],
    ],
  },
];

function latentCase(dtype: FloatDType, shape: LatentShape): OpCase {
  const { heads, kvHeads, headDim, value } = shape;
  const [first, size] = value;
  return {
    op: "pagedAttention",
    name: `pagedAttention ${dtype} ${shape.name}, ${heads}/${kvHeads} heads of ${headDim}, values of ${size} in the keys, ${shape.lengths.length} rows`,
    why: `values that are a part of the keys: ${shape.why}`,
    dtype,
    tolerance: TOLERANCES[dtype],
    prepare(bench) {
      const { random } = bench;
      const { batch, numTokens, cacheShape, seen } = attentionBatch(bench, shape);
      const out = bench.output("out", dtype, [numTokens, heads, size]);
      const q = bench.input("q", dtype, [numTokens, heads, headDim], normal(random));
      const keys = bench.input("keys", dtype, cacheShape, seen(normal(random)));
      const values = slice(keys, 3, first, first + size);
      return () => bench.ops.pagedAttention(out, q, keys, values, batch, { scale: headDim ** -0.5 });
    },
  };
}

function writeKeysCase(dtype: FloatDType): OpCase {
  const { kvHeads, headDim } = SHAPES[0]!;
  return {
    op: "writeKv",
    name: `writeKv ${dtype} keys alone, ${kvHeads} heads of ${headDim}`,
    why: "no values where they are a part of the keys",
    dtype,
    tolerance: "exact",
    prepare(bench) {
      const { random } = bench;
      const { batch, numTokens, cacheShape } = attentionBatch(bench, SHAPES[0]!);
      const keyCache = bench.output("keyCache", dtype, cacheShape, { initial: normal(random) });
      const k = bench.input("k", dtype, [numTokens, kvHeads, headDim], normal(random));
      return () => bench.ops.writeKv(keyCache, undefined, k, undefined, batch);
    },
  };
}

export const latentAttentionCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) => [
  writeKeysCase(dtype),
  ...SHAPES.filter(({ dtypes = FLOAT_DTYPES }) => dtypes.includes(dtype)).map((shape) => latentCase(dtype, shape)),
]);
