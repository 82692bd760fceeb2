// The paged KV cache (Kwon et al. 2023): storing keys and values, and causal attention over them. Attention without a cache.
import type { Batch } from "../../batch.js";
import type { AttentionOptions } from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { copyElements, intsOf, load, store } from "../elements.js";
import { attend, headOptions } from "./attend.js";

export function writeKv(
  keyCache: Tensor,
  valueCache: Tensor | undefined,
  k: Tensor,
  v: Tensor | undefined,
  batch: Batch,
): void {
  const [, kvHeads, blockSize, headDim] = keyCache.shape as [number, number, number, number];
  const slots = intsOf(batch.slots);
  for (let t = 0; t < batch.numTokens; t++) {
    const block = Math.floor(slots[t]! / blockSize);
    const offset = slots[t]! % blockSize;
    for (let head = 0; head < kvHeads; head++) {
      const to = ((block * kvHeads + head) * blockSize + offset) * headDim;
      copyElements(keyCache, to, k, t * k.strides[0]! + head * k.strides[1]!, headDim);
      if (valueCache && v) copyElements(valueCache, to, v, t * v.strides[0]! + head * v.strides[1]!, headDim);
    }
  }
}

export function pagedAttention(
  out: Tensor,
  q: Tensor,
  keyCache: Tensor,
  valueCache: Tensor,
  batch: Batch,
  options: AttentionOptions,
): void {
  const { layout } = batch;
  const plan = intsOf(batch.plan);
  const blockTables = intsOf(batch.tables.blockTables);
  const kvHeads = keyCache.shape[1]!;
  const valueDim = valueCache.shape[3]!;
  const heads = q.shape[1]!;
  const query = new Float64Array(q.shape[2]!);
  const seen = options.window ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i < batch.numRows; i++) {
    const firstBlock = plan[layout.rowIds + i]! * layout.capacity.maxBlocksPerRow;
    const blocks = blockTables.subarray(firstBlock, firstBlock + layout.capacity.maxBlocksPerRow);
    const start = plan[layout.queryStarts + i]!;
    const end = plan[layout.queryStarts + i + 1]!;
    const contextLen = plan[layout.contextLens + i]!;
    const firstSeen = Math.max(0, contextLen + 1 - seen);
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const keys = readSequence(keyCache, blocks, kvHead, firstSeen, contextLen + end - start);
      const values = readSequence(valueCache, blocks, kvHead, firstSeen, contextLen + end - start);
      for (let head = 0; head < heads; head++) {
        if (Math.floor((head * kvHeads) / heads) !== kvHead) continue;
        const own = headOptions(options, head);
        for (let t = start; t < end; t++) {
          const position = contextLen + t - start;
          const range = [Math.max(0, position + 1 - seen), position + 1] as const;
          load(query, q, t * q.strides[0]! + head * q.strides[1]!);
          const result = attend(query, position, { start: firstSeen, keys, values, valueDim }, range, own);
          store(out, t * out.strides[0]! + head * out.strides[1]!, result);
        }
      }
    }
  }
}

/** One head of a row's positions [start, end), gathered from its blocks: [end - start, headDim]. */
function readSequence(cache: Tensor, blocks: Int32Array, head: number, start: number, end: number): Float64Array {
  const [, kvHeads, blockSize, headDim] = cache.shape as [number, number, number, number];
  const gathered = new Float64Array((end - start) * headDim);
  const stride = cache.strides[2]!;
  // Rows that lie side by side are read together.
  const step = stride === headDim ? blockSize : 1;
  for (let position = start; position < end; ) {
    const next = Math.min(end, (Math.floor(position / step) + 1) * step);
    const row = (blocks[Math.floor(position / blockSize)]! * kvHeads + head) * blockSize + (position % blockSize);
    load(gathered.subarray((position - start) * headDim, (next - start) * headDim), cache, row * stride);
    position = next;
  }
  return gathered;
}

export function encoderAttention(
  out: Tensor,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  batch: Batch,
  options: AttentionOptions,
): void {
  const plan = intsOf(batch.plan);
  const [, heads, headDim] = q.shape as [number, number, number];
  const kvHeads = k.shape[1]!;
  const query = new Float64Array(headDim);
  const seen = options.window ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i < batch.numRows; i++) {
    const start = plan[batch.layout.queryStarts + i]!;
    const length = plan[batch.layout.queryStarts + i + 1]! - start;
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const keys = readRows(k, kvHead, start, length);
      const values = readRows(v, kvHead, start, length);
      for (let head = 0; head < heads; head++) {
        if (Math.floor((head * kvHeads) / heads) !== kvHead) continue;
        const own = headOptions(options, head);
        for (let position = 0; position < length; position++) {
          const range = [Math.max(0, position + 1 - seen), Math.min(length, position + seen)] as const;
          load(query, q, (start + position) * q.strides[0]! + head * q.strides[1]!);
          const result = attend(query, position, { start: 0, keys, values, valueDim: headDim }, range, own);
          store(out, (start + position) * out.strides[0]! + head * out.strides[1]!, result);
        }
      }
    }
  }
}

/** One head of `count` tokens of [T, kvHeads, headDim] from token `start` on: [count, headDim]. */
function readRows(t: Tensor, head: number, start: number, count: number): Float64Array {
  const headDim = t.shape[2]!;
  const gathered = new Float64Array(count * headDim);
  for (let row = 0; row < count; row++) {
    const from = (start + row) * t.strides[0]! + head * t.strides[1]!;
    load(gathered.subarray(row * headDim, (row + 1) * headDim), t, from);
  }
  return gathered;
}
