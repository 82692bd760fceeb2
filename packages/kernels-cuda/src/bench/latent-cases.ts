// Latent attention at DeepSeek V3's shape: what is cached is one row a token for all heads.
import { DTYPES, type FloatDType, slice } from "@octavo/core";
import { type BenchCase, DECODE_ROWS, isQuick, PREFILL_TOKENS, rowsText } from "./bench-case.js";
import { BLOCK_SIZE } from "./shapes.js";

const SHAPE = { model: "V3", heads: 128, rotating: 64, latent: 512, still: 128 };
const { model, heads, rotating, latent, still } = SHAPE;
const width = rotating + latent;
const DECODES = [
  [1, 4096],
  [16, 4096],
  [64, 4096],
  [1, 32768],
  [16, 32768],
] as const;

function attentionCase(dtype: FloatDType, rows: number, context: number, tokens: number): BenchCase {
  const total = rows * tokens;
  const pairs = rows * (tokens * context - (tokens * (tokens - 1)) / 2);
  const shown = tokens === 1 ? `decode, context ${context / 1024}k, ${rowsText(rows)}` : `prefill, ${rowsText(tokens)}`;
  return {
    op: "pagedAttention",
    model,
    name: shown,
    dtype,
    bytes: DTYPES[dtype].size * (rows * context * width + total * heads * (width + latent)),
    flops: 2 * heads * (width + latent) * pairs,
    quick: isQuick(rows) && context <= 4096,
    prepare(memory, sets) {
      const { batch, numBlocks } = memory.batch(
        Array.from({ length: rows }, () => [context - tokens, tokens] as const),
      );
      const keys = memory.random(dtype, [numBlocks, 1, BLOCK_SIZE, width], sets);
      const q = memory.random(dtype, [total, heads, width], sets);
      const out = memory.random(dtype, [total, heads, latent], sets);
      const options = { scale: width ** -0.5 };
      const { ops } = memory.backend;
      return (set) =>
        ops.pagedAttention(out[set]!, q[set]!, keys[set]!, slice(keys[set]!, 3, rotating, width), batch, options);
    },
  };
}

function headCase(
  dtype: FloatDType,
  [name, inFeatures, outFeatures]: readonly [string, number, number],
  tokens: number,
): BenchCase {
  const rows = tokens * heads;
  const elements = heads * inFeatures * outFeatures + rows * (inFeatures + outFeatures);
  return {
    op: "headLinear",
    model,
    name: `${name} ${inFeatures} to ${outFeatures}, ${rowsText(tokens)}`,
    dtype,
    bytes: elements * DTYPES[dtype].size,
    flops: 2 * rows * inFeatures * outFeatures,
    quick: isQuick(tokens),
    prepare(memory, sets) {
      const stacks = memory.experts(inFeatures, outFeatures, dtype, heads, sets);
      const x = memory.random(dtype, [rows, inFeatures], sets);
      const out = memory.random(dtype, [rows, outFeatures], sets);
      return (set) => memory.backend.ops.headLinear(out[set]!, x[set]!, stacks[set]!);
    },
  };
}

export function latentCases(dtype: FloatDType): BenchCase[] {
  const layers = [["into latents", still, latent] as const, ["out of latents", latent, still] as const];
  return [
    ...DECODES.map(([rows, context]) => attentionCase(dtype, rows, context, 1)),
    attentionCase(dtype, 1, 1024, 1024),
    attentionCase(dtype, 1, 8192, 8192),
    ...layers.flatMap((layer) => [...DECODE_ROWS, ...PREFILL_TOKENS].map((tokens) => headCase(dtype, layer, tokens))),
  ];
}
