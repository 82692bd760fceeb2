// Cases of rope: queries and keys inside of a merged qkv buffer, as models pass them.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { reshape, slice } from "../../tensor.js";
import type { CaseBench } from "./case-bench.js";
import { normal } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

interface RopeShape {
  readonly tokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Default: headDim. */
  readonly rotaryDim?: number;
  readonly why: string;
}

const SHAPES: readonly RopeShape[] = [
  { tokens: 1, heads: 1, kvHeads: 1, headDim: 8, why: "half a vector a side" },
  { tokens: 3, heads: 4, kvHeads: 2, headDim: 16, why: "small heads" },
  { tokens: 7, heads: 7, kvHeads: 1, headDim: 64, why: "the usual small head" },
  { tokens: 5, heads: 2, kvHeads: 2, headDim: 80, why: "half a head that is no multiple of 16" },
  { tokens: 5, heads: 3, kvHeads: 3, headDim: 96, why: "half a head of three vectors" },
  { tokens: 33, heads: 8, kvHeads: 2, headDim: 128, why: "the usual head, enough for several threads" },
  { tokens: 3, heads: 2, kvHeads: 1, headDim: 256, why: "the largest head" },
  { tokens: 3, heads: 2, kvHeads: 1, headDim: 64, rotaryDim: 32, why: "partial rotary: the rest of a head stays" },
  { tokens: 3, heads: 2, kvHeads: 1, headDim: 20, rotaryDim: 6, why: "odd sizes: pairs shorter than a vector" },
];

const MAX_POSITIONS = 97;

/** float32 [MAX_POSITIONS, rotaryDim], with the frequencies of base 10,000. */
function angles(bench: CaseBench, rotaryDim: number) {
  const half = rotaryDim / 2;
  return bench.input("cosSin", "float32", [MAX_POSITIONS, rotaryDim], (i) => {
    const column = i % rotaryDim;
    const angle = Math.floor(i / rotaryDim) * 10000 ** -((column % half) / half);
    return column < half ? Math.cos(angle) : Math.sin(angle);
  });
}

function mergedCase(dtype: FloatDType, shape: RopeShape): OpCase {
  const { tokens, heads, kvHeads, headDim, rotaryDim = headDim, why } = shape;
  return {
    op: "rope",
    name: `rope ${dtype} [${tokens},${heads}/${kvHeads},${headDim}] rotary ${rotaryDim}, merged qkv`,
    why: `${why}; values beside the keys stay`,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const { random } = bench;
      const width = (heads + 2 * kvHeads) * headDim;
      const qkv = bench.output("qkv", dtype, [tokens, width], { initial: normal(random) });
      const q = reshape(slice(qkv, 1, 0, heads * headDim), [tokens, heads, headDim]);
      const k = reshape(slice(qkv, 1, heads * headDim, (heads + kvHeads) * headDim), [tokens, kvHeads, headDim]);
      // The last position, 0, and any order between: rows of a batch do not follow each other.
      const at = [MAX_POSITIONS - 1, 0];
      const positions = bench.input("positions", "int32", [tokens + 2], (i) => at[i] ?? random.integer(MAX_POSITIONS));
      const cosSin = angles(bench, rotaryDim);
      return () => bench.ops.rope(q, k, positions, cosSin);
    },
  };
}

function contiguousCase(dtype: FloatDType): OpCase {
  return {
    op: "rope",
    name: `rope ${dtype} separate q and k`,
    why: "tensors without a stride",
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const q = bench.output("q", dtype, [5, 4, 64], { initial: normal(bench.random) });
      const k = bench.output("k", dtype, [5, 2, 64], { initial: normal(bench.random) });
      const positions = bench.input("positions", "int32", [5], (i) => 2 * i);
      const cosSin = angles(bench, 64);
      return () => bench.ops.rope(q, k, positions, cosSin);
    },
  };
}

export const ropeCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) => [
  ...SHAPES.map((shape) => mergedCase(dtype, shape)),
  contiguousCase(dtype),
]);
