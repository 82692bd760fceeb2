// What weights take in memory, from their headers: known before minutes of loading begin.
import { type BlockFormat, elementCount, type FloatDType, isBlockFormat } from "@octavo/core";
import type { TensorSummary } from "./tensor-summary.js";

export interface WeightNeedOptions {
  /** What weights are kept in that are not kept in blocks. */
  readonly dtype: FloatDType;
  /** Block formats that are computed as they are. */
  readonly packed: readonly BlockFormat[];
}

/** Bytes of a model's weights on a backend, about: layouts of kernels differ by a few percent. */
export interface WeightNeed {
  readonly dtype: FloatDType;
  readonly weightBytes: number;
  /** Of these in block formats, computed as they are. */
  readonly packedBytes: number;
  /** GGML's names of the formats that are decoded to `dtype`, sorted. */
  readonly decodedFormats: readonly string[];
}

const EMBEDDING = /(^|\.)(embed_tokens|embed_in|token_embd|wte|word_embeddings)\./;
const BYTES: Readonly<Record<FloatDType, number>> = { float32: 4, float16: 2, bfloat16: 2 };

export function weightNeed(tensors: Iterable<TensorSummary>, { dtype, packed }: WeightNeedOptions): WeightNeed {
  let weightBytes = 0;
  let packedBytes = 0;
  const decoded = new Set<string>();
  for (const { name, dtype: stored, shape, byteLength } of tensors) {
    const format = stored.toLowerCase();
    const isTable = EMBEDDING.test(name);
    const isPacked = isBlockFormat(format) && packed.includes(format);
    if (isPacked) packedBytes += byteLength;
    else if (isBlockFormat(format)) decoded.add(stored.toUpperCase());
    // A table in blocks is decoded; where it is the head too (tied), it is there in both forms.
    if (isPacked) weightBytes += byteLength;
    if (!isPacked || isTable) weightBytes += elementCount(shape) * BYTES[dtype];
  }
  return { dtype, weightBytes, packedBytes, decodedFormats: [...decoded].sort() };
}
