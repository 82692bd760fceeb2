// Attention and its cache, over the calls of an addon; checked as native-ops.ts says.
import type { Batch } from "../batch.js";
import { DTYPES } from "../dtype.js";
import type { AttentionOps, AttentionOptions } from "../ops.js";
import type { Tensor } from "../tensor.js";
import { NativeRowOps } from "./native-row-ops.js";
import {
  address,
  checkContiguous,
  checkFloat,
  checkHeads,
  checkIndices,
  checkSameDtype,
  checkVector,
  fail,
} from "./op-checks.js";

export class NativeAttentionOps extends NativeRowOps implements AttentionOps {
  writeKv(keyCache: Tensor, valueCache: Tensor, k: Tensor, v: Tensor, batch: Batch): void {
    const [blocks, kvHeads, blockSize, headDim] = keyCache.shape;
    checkCache("writeKv", keyCache, valueCache, batch);
    checkHeads("writeKv", "k", k, k.shape[0]!, headDim!);
    checkHeads("writeKv", "v", v, k.shape[0]!, headDim!);
    checkSameDtype("writeKv", k, keyCache);
    checkSameDtype("writeKv", v, keyCache);
    checkIndices("writeKv", "slots", batch.slots, batch.numTokens);
    if (k.shape[1] !== kvHeads || v.shape[1] !== kvHeads || k.shape[0]! < batch.numTokens) {
      fail(
        "writeKv",
        `k is [${k.shape}], v is [${v.shape}] for ${batch.numTokens} tokens and ${kvHeads} heads of the cache`,
      );
    }
    if (batch.numTokens === 0) return;
    this.native.writeKv(
      this.backend,
      address(keyCache),
      address(valueCache),
      DTYPES[keyCache.dtype].code,
      blocks!,
      kvHeads!,
      blockSize!,
      headDim!,
      address(k),
      k.strides[0]!,
      address(v),
      v.strides[0]!,
      address(batch.slots),
      batch.numTokens,
    );
  }

  pagedAttention(
    out: Tensor,
    q: Tensor,
    keyCache: Tensor,
    valueCache: Tensor,
    batch: Batch,
    options: AttentionOptions,
  ): void {
    const [blocks, kvHeads, blockSize, headDim] = keyCache.shape;
    const [tokens, heads] = q.shape;
    checkCache("pagedAttention", keyCache, valueCache, batch);
    const words = this.batchWords.of("pagedAttention", batch);
    checkHeads("pagedAttention", "q", q, tokens!, headDim!);
    checkHeads("pagedAttention", "out", out, tokens!, headDim!);
    checkSameDtype("pagedAttention", q, keyCache);
    checkSameDtype("pagedAttention", out, keyCache);
    checkOptions("pagedAttention", options, heads!);
    if (out.shape[1] !== heads || heads! % kvHeads! !== 0 || tokens! < batch.numTokens) {
      const found = `q is [${q.shape}], out is [${out.shape}] for ${batch.numTokens} tokens and ${kvHeads} heads of the cache`;
      fail("pagedAttention", found);
    }
    if (batch.numTokens === 0) return;
    this.native.pagedAttention(
      this.backend,
      address(keyCache),
      address(valueCache),
      DTYPES[keyCache.dtype].code,
      blocks!,
      kvHeads!,
      blockSize!,
      headDim!,
      words,
      address(out),
      out.strides[0]!,
      address(q),
      q.strides[0]!,
      heads!,
      tokens!,
      batch.numRows,
      options.scale,
      options.window ?? 0,
      options.softcap ?? 0,
      options.sinks ? address(options.sinks) : 0,
      options.slopes ? address(options.slopes) : 0,
    );
  }

  encoderAttention(out: Tensor, q: Tensor, k: Tensor, v: Tensor, batch: Batch, options: AttentionOptions): void {
    const [tokens, heads, headDim] = q.shape;
    const kvHeads = k.shape[1];
    const words = this.batchWords.of("encoderAttention", batch);
    checkFloat("encoderAttention", q);
    checkHeads("encoderAttention", "q", q, tokens!, headDim!);
    checkHeads("encoderAttention", "k", k, tokens!, headDim!);
    checkHeads("encoderAttention", "v", v, tokens!, headDim!);
    checkHeads("encoderAttention", "out", out, tokens!, headDim!);
    checkSameDtype("encoderAttention", k, q);
    checkSameDtype("encoderAttention", v, q);
    checkSameDtype("encoderAttention", out, q);
    checkOptions("encoderAttention", options, heads!);
    if (out.shape[1] !== heads || v.shape[1] !== kvHeads || heads! % kvHeads! !== 0 || tokens! < batch.numTokens) {
      const found = `q is [${q.shape}], k is [${k.shape}], v is [${v.shape}], out is [${out.shape}] for ${batch.numTokens} tokens`;
      fail("encoderAttention", found);
    }
    if (batch.numTokens === 0) return;
    this.native.encoderAttention(
      this.backend,
      words,
      DTYPES[q.dtype].code,
      address(out),
      out.strides[0]!,
      address(q),
      q.strides[0]!,
      address(k),
      k.strides[0]!,
      address(v),
      v.strides[0]!,
      heads!,
      kvHeads!,
      headDim!,
      tokens!,
      batch.numRows,
      options.scale,
      options.window ?? 0,
      options.softcap ?? 0,
      options.sinks ? address(options.sinks) : 0,
      options.slopes ? address(options.slopes) : 0,
    );
  }
}

function checkCache(op: string, keyCache: Tensor, valueCache: Tensor, { layout }: Batch): void {
  checkFloat(op, keyCache);
  checkSameDtype(op, valueCache, keyCache);
  checkContiguous(op, "keyCache", keyCache);
  checkContiguous(op, "valueCache", valueCache);
  let same = keyCache.shape.length === 4 && valueCache.shape.length === 4;
  for (let i = 0; i < 4; i++) same &&= keyCache.shape[i] === valueCache.shape[i];
  if (!same || keyCache.shape[2] !== layout.capacity.blockSize) {
    const expected = `[blocks, kvHeads, ${layout.capacity.blockSize}, headDim]`;
    fail(op, `the caches are [${keyCache.shape}] and [${valueCache.shape}], both ${expected} was expected`);
  }
}

function checkOptions(op: string, { scale, window, softcap, sinks, slopes }: AttentionOptions, heads: number): void {
  if (!Number.isFinite(scale)) fail(op, `scale is ${scale}, a finite number was expected`);
  if (window !== undefined && !(Number.isSafeInteger(window) && window > 0)) {
    fail(op, `window is ${window}, a whole number above 0 was expected; leave it out for none`);
  }
  if (softcap !== undefined && !(Number.isFinite(softcap) && softcap > 0)) {
    fail(op, `softcap is ${softcap}, a number above 0 was expected; leave it out for none`);
  }
  if (sinks) checkPerHead(op, "sinks", sinks, heads);
  if (slopes) checkPerHead(op, "slopes", slopes, heads);
}

function checkPerHead(op: string, name: string, t: Tensor, heads: number): void {
  checkVector(op, name, t, heads);
  if (t.dtype !== "float32") fail(op, `${name} is ${t.dtype}, float32 was expected`);
}
