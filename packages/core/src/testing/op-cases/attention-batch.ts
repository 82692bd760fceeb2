// Batches for cases of attention, and caches in which only what a row may see is a number.
import type { Batch } from "../../batch.js";
import type { Random } from "../random.js";
import { type BatchRow, type BatchSpec, preparedBatch, randomRows } from "./case-batch.js";
import type { CaseBench, Fill } from "./case-bench.js";

export type Lengths = readonly (readonly [contextLen: number, queryLen: number])[];

export interface AttentionShape {
  readonly name: string;
  readonly why: string;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Default 16. */
  readonly blockSize?: number;
  /** Blocks at the beginning that all rows share. */
  readonly shared?: number;
  readonly lengths: Lengths;
  /** As in AttentionOptions: table entries and keys that no token of a row sees cannot be used. Default: all are seen. */
  readonly window?: number;
}

/** Chunks and single tokens. */
export const MIXED: Lengths = [
  [0, 5],
  [17, 1],
  [0, 1],
  [30, 20],
];

/** Decode and chunks at some length, with an entry that has no tokens, as a graph's padding has. */
export const LONGER: Lengths = [
  [300, 1],
  [70, 65],
  [5, 1],
  [17, 0],
  [0, 1],
  [0, 20],
];

/** An entry of a block table whose block was given to somebody else. */
const STALE_BLOCK = 0x7ffffff0;

export interface AttentionBatch {
  readonly batch: Batch;
  readonly numTokens: number;
  /** Of keys, and of values that are cached: [blocks, kvHeads, blockSize, headDim]. */
  readonly cacheShape: readonly number[];
  /** `values` where what a row sees lies in a cache, NaN elsewhere. */
  seen(values: Fill): Fill;
}

/** Rows of a shape's lengths on the bench, at random places of a cache. */
export function attentionBatch(bench: CaseBench, shape: AttentionShape): AttentionBatch {
  const { kvHeads, headDim, blockSize = 16, window } = shape;
  const { spec, numBlocks, numTokens } = batchOf(bench.random, shape);
  const { batch } = preparedBatch(bench, spec);
  const cacheShape = [numBlocks, kvHeads, blockSize, headDim];
  return { batch, numTokens, cacheShape, seen: (values) => cacheFill(spec.rows, cacheShape, values, window) };
}

function batchOf(random: Random, { lengths, blockSize = 16, shared = 0, window }: AttentionShape) {
  const maxRows = lengths.length + 3;
  const numBlocks = 4 + lengths.reduce((sum, [context, query]) => sum + Math.ceil((context + query) / blockSize), 0);
  const rows = randomRows(random, lengths, { blockSize, numBlocks, maxRows, shared }).map((row) => {
    const unseen = Math.floor(firstSeen(row, window) / blockSize);
    return { ...row, blocks: row.blocks.map((block, i) => (i < unseen ? STALE_BLOCK : block)) };
  });
  const longest = Math.max(...rows.map((row) => row.blocks.length));
  const numTokens = lengths.reduce((sum, [, query]) => sum + query, 0);
  const spec: BatchSpec = { rows, maxRows, maxTokens: numTokens + 5, blockSize, maxBlocksPerRow: longest + 2 };
  return { spec, numBlocks, numTokens };
}

/** The first position that the first token of a row sees. */
function firstSeen({ contextLen }: BatchRow, window = Number.POSITIVE_INFINITY): number {
  return Math.max(0, contextLen + 1 - window);
}

function cacheFill(rows: readonly BatchRow[], shape: readonly number[], values: Fill, window?: number): Fill {
  const [numBlocks, kvHeads, blockSize, headDim] = shape as [number, number, number, number];
  const filled = new Int32Array(numBlocks);
  const unseen = new Int32Array(numBlocks);
  for (const row of rows) {
    row.blocks.forEach((block, i) => {
      if (block === STALE_BLOCK) return;
      unseen[block] = Math.max(0, firstSeen(row, window) - i * blockSize);
      const here = Math.min(blockSize, row.contextLen + row.queryLen - i * blockSize);
      filled[block] = Math.max(filled[block]!, here);
    });
  }
  return (index) => {
    const block = Math.floor(index / (kvHeads * blockSize * headDim));
    const offset = Math.floor(index / headDim) % blockSize;
    return offset >= unseen[block]! && offset < filled[block]! ? values(index) : Number.NaN;
  };
}
