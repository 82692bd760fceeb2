// Cases of what a layer adds to attention: windows, soft caps, sinks, ALiBi. What lies before a row's window is NaN, and the entries
// of blocks that lie wholly before it name no block.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { AttentionOptions } from "../../ops.js";
import { reshape, slice } from "../../tensor.js";
import { type AttentionShape, attentionBatch, type Lengths, LONGER, MIXED } from "./attention-batch.js";
import type { CaseBench } from "./case-bench.js";
import { listed, normal } from "./fills.js";
import { type OpCase, TOLERANCES } from "./op-case.js";

/** What a case gives beside the shape. */
export interface CaseOptions {
  readonly scale?: number;
  readonly window?: number;
  readonly softcap?: number;
  /** Repeated over the heads. */
  readonly sinks?: readonly number[];
  /** Repeated over the heads. */
  readonly slopes?: readonly number[];
}

/** {@link AttentionOptions} with their tensors on the bench. */
export function optionsOn(
  bench: CaseBench,
  { headDim, heads }: { readonly headDim: number; readonly heads: number },
  { scale = headDim ** -0.5, window, softcap, sinks, slopes }: CaseOptions,
): AttentionOptions {
  const perHead = (name: string, values: readonly number[]) => {
    const repeated = Array.from({ length: heads }, (_, head) => values[head % values.length]!);
    return bench.input(name, "float32", [heads], listed(repeated));
  };
  return {
    scale,
    ...(window !== undefined && { window }),
    ...(softcap !== undefined && { softcap }),
    ...(sinks && { sinks: perHead("sinks", sinks) }),
    ...(slopes && { slopes: perHead("slopes", slopes) }),
  };
}

export const EVERYTHING = { softcap: 3, sinks: [0.5, -2, 3], slopes: [0.5, 0.03125, 0.25] };

type OptionsCase = AttentionShape & CaseOptions;

/** Contexts much longer than the windows. */
const LONG: Lengths = [
  [500, 40],
  [999, 1],
  [0, 150],
  [257, 70],
  [3, 1],
];

const CASES: readonly OptionsCase[] = [
  { name: "window 1", why: "a token sees itself alone", heads: 4, kvHeads: 2, headDim: 16, window: 1, lengths: MIXED },
  {
    name: "window 7",
    why: "windows smaller than a block, over contexts of many",
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    window: 7,
    lengths: LONG,
  },
  {
    name: "window 16",
    why: "windows of one block that begin at, before and after its border",
    heads: 4,
    kvHeads: 2,
    headDim: 32,
    window: 16,
    lengths: [
      [14, 1],
      [15, 1],
      [16, 1],
      [31, 1],
      [32, 3],
      [46, 40],
      [0, 50],
    ],
  },
  {
    name: "window 1000",
    why: "a window larger than the context changes nothing",
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    window: 1000,
    lengths: MIXED,
  },
  {
    name: "window 100",
    why: "chunks that leave the window behind while they are at it",
    heads: 4,
    kvHeads: 1,
    headDim: 64,
    window: 100,
    lengths: LONG,
  },
  {
    name: "window 11, blocks of 5",
    why: "a block size that is no power of two",
    heads: 2,
    kvHeads: 2,
    headDim: 16,
    blockSize: 5,
    window: 11,
    lengths: LONG,
  },
  {
    name: "softcap of large scores",
    why: "scores of hundreds, most of which end at the cap",
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    scale: 20,
    softcap: 50,
    lengths: MIXED,
  },
  {
    name: "softcap of small scores",
    why: "far below the cap it changes next to nothing: tanh must be precise near zero",
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    softcap: 50,
    lengths: MIXED,
  },
  {
    name: "sinks",
    why: "sinks far above, far below and among the scores",
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    sinks: [30, -1000, 1, 200],
    lengths: MIXED,
  },
  {
    name: "slopes",
    why: "ALiBi over a long context",
    heads: 4,
    kvHeads: 1,
    headDim: 64,
    slopes: [0.5, 2 ** -4, 2 ** -8, 0],
    lengths: LONG,
  },
  {
    name: "steep slopes",
    why: "the first keys' scores are far below the last ones': each tile brings a new largest",
    heads: 2,
    kvHeads: 1,
    headDim: 64,
    slopes: [40, 3],
    lengths: LONG,
  },
  ...[8, 16, 24, 32, 64, 80, 96, 128, 256].map((headDim) => ({
    name: "everything, window 20",
    why: `all options at once with a head of ${headDim}`,
    heads: 6,
    kvHeads: 2,
    headDim,
    window: 20,
    lengths: MIXED,
    ...EVERYTHING,
  })),
];

/** For kernels that take tiles of queries and keys or split a sequence, as those of 16-bit types do. */
const TILED_CASES: readonly OptionsCase[] = [
  ...[63, 64, 65].map((window) => ({
    name: `window ${window}`,
    why: "windows about as long as a tile, chunks and single tokens that begin around its border",
    heads: 2,
    kvHeads: 1,
    headDim: 64,
    window,
    lengths: [
      [62, 1],
      [63, 1],
      [64, 1],
      [127, 1],
      [128, 1],
      [191, 2],
      [60, 140],
      [0, 65],
    ] as const,
  })),
  ...[64, 80, 96, 128, 256].map((headDim) => ({
    name: "everything, window 50, longer",
    why: `several tiles with a head of ${headDim}`,
    heads: 4,
    kvHeads: 2,
    headDim,
    window: 50,
    lengths: LONGER,
    ...EVERYTHING,
  })),
  {
    name: "everything, window 30, longer",
    why: "a group of more than 16",
    heads: 17,
    kvHeads: 1,
    headDim: 64,
    window: 30,
    lengths: LONGER,
    ...EVERYTHING,
  },
  {
    name: "window 1500 of one long row",
    why: "the shares are of the window",
    heads: 2,
    kvHeads: 1,
    headDim: 64,
    window: 1500,
    lengths: [[2200, 1]],
    sinks: [1, 2],
  },
  {
    name: "window 33, 257 rows",
    why: "so many rows that no sequence is split",
    heads: 4,
    kvHeads: 4,
    headDim: 64,
    blockSize: 1,
    window: 33,
    lengths: Array.from({ length: 257 }, (_, i) => [i === 5 ? 300 : i % 50, 1] as const),
    ...EVERYTHING,
  },
];

function optionsCase(dtype: FloatDType, shape: OptionsCase): OpCase {
  const { heads, kvHeads, headDim } = shape;
  return {
    op: "pagedAttention",
    name: `pagedAttention ${dtype} ${shape.name}, ${heads}/${kvHeads} heads of ${headDim}`,
    why: shape.why,
    dtype,
    tolerance: TOLERANCES[dtype],
    prepare(bench) {
      const { random } = bench;
      const { batch, numTokens, cacheShape, seen } = attentionBatch(bench, shape);
      const out = bench.output("out", dtype, [numTokens, heads, headDim]);
      const wide = bench.input("q", dtype, [numTokens, (heads + 1) * headDim], normal(random));
      const q = reshape(slice(wide, 1, 0, heads * headDim), [numTokens, heads, headDim]);
      const cache = (name: string) => bench.input(name, dtype, cacheShape, seen(normal(random)));
      const [keys, values] = [cache("keys"), cache("values")];
      const options = optionsOn(bench, shape, shape);
      return () => bench.ops.pagedAttention(out, q, keys, values, batch, options);
    },
  };
}

export const attentionOptionsCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) => [
  ...CASES.map((shape) => optionsCase(dtype, shape)),
  ...(dtype === "float32" ? [] : TILED_CASES.map((shape) => optionsCase(dtype, shape))),
]);
