// The paged KV cache (Kwon et al. 2023): storing keys and values, and causal attention over them.
import type { Batch } from "../../batch.js";
import type { Tensor } from "../../tensor.js";
import { copyElements, intsOf, load, store } from "../elements.js";

export function writeKv(keyCache: Tensor, valueCache: Tensor, k: Tensor, v: Tensor, batch: Batch): void {
  const [, kvHeads, blockSize, headDim] = keyCache.shape as [number, number, number, number];
  const slots = intsOf(batch.slots);
  for (let t = 0; t < batch.numTokens; t++) {
    const block = Math.floor(slots[t]! / blockSize);
    const offset = slots[t]! % blockSize;
    for (let head = 0; head < kvHeads; head++) {
      const to = ((block * kvHeads + head) * blockSize + offset) * headDim;
      copyElements(keyCache, to, k, t * k.strides[0]! + head * k.strides[1]!, headDim);
      copyElements(valueCache, to, v, t * v.strides[0]! + head * v.strides[1]!, headDim);
    }
  }
}

export function pagedAttention(
  out: Tensor,
  q: Tensor,
  keyCache: Tensor,
  valueCache: Tensor,
  batch: Batch,
  scale: number,
): void {
  const { layout } = batch;
  const plan = intsOf(batch.plan);
  const blockTables = intsOf(batch.tables.blockTables);
  const kvHeads = keyCache.shape[1]!;
  const heads = q.shape[1]!;
  const headDim = q.shape[2]!;
  const query = new Float64Array(headDim);
  for (let i = 0; i < batch.numRows; i++) {
    const firstBlock = plan[layout.rowIds + i]! * layout.capacity.maxBlocksPerRow;
    const blocks = blockTables.subarray(firstBlock, firstBlock + layout.capacity.maxBlocksPerRow);
    const start = plan[layout.queryStarts + i]!;
    const end = plan[layout.queryStarts + i + 1]!;
    const contextLen = plan[layout.contextLens + i]!;
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const keys = readSequence(keyCache, blocks, kvHead, contextLen + end - start);
      const values = readSequence(valueCache, blocks, kvHead, contextLen + end - start);
      for (let head = 0; head < heads; head++) {
        if (Math.floor((head * kvHeads) / heads) !== kvHead) continue;
        for (let t = start; t < end; t++) {
          load(query, q, t * q.strides[0]! + head * q.strides[1]!);
          const result = attend(query, keys, values, contextLen + t - start + 1, scale);
          store(out, t * out.strides[0]! + head * out.strides[1]!, result);
        }
      }
    }
  }
}

/** One head of a row's sequence, gathered from its blocks: [length, headDim]. */
function readSequence(cache: Tensor, blocks: Int32Array, head: number, length: number): Float64Array {
  const [, kvHeads, blockSize, headDim] = cache.shape as [number, number, number, number];
  const gathered = new Float64Array(length * headDim);
  for (let position = 0; position < length; position += blockSize) {
    const from = (blocks[position / blockSize]! * kvHeads + head) * blockSize * headDim;
    load(gathered.subarray(position * headDim, Math.min(length, position + blockSize) * headDim), cache, from);
  }
  return gathered;
}

/** softmax(scale * query . keys) . values over the first `length` positions. */
function attend(
  query: Float64Array,
  keys: Float64Array,
  values: Float64Array,
  length: number,
  scale: number,
): Float64Array {
  const headDim = query.length;
  const weights = new Float64Array(length);
  let largest = Number.NEGATIVE_INFINITY;
  for (let position = 0; position < length; position++) {
    let score = 0;
    for (let d = 0; d < headDim; d++) score += query[d]! * keys[position * headDim + d]!;
    weights[position] = score * scale;
    largest = Math.max(largest, score * scale);
  }
  const result = new Float64Array(headDim);
  let total = 0;
  for (let position = 0; position < length; position++) {
    const weight = Math.exp(weights[position]! - largest);
    total += weight;
    for (let d = 0; d < headDim; d++) result[d] = result[d]! + weight * values[position * headDim + d]!;
  }
  for (let d = 0; d < headDim; d++) result[d] = result[d]! / total;
  return result;
}
