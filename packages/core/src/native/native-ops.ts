// The ops of a backend whose kernels are behind an addon: checks shapes and dtypes, then makes one native call with plain
// numbers. What the tensors hold (ids, slots, plan words) is checked natively. The checks build their messages only when they
// fail.
import type { Batch } from "../batch.js";
import { DTYPES } from "../dtype.js";
import type { LinearWeight } from "../linear.js";
import type { Ops } from "../ops.js";
import type { Tensor } from "../tensor.js";
import { checkBatch, checkRecords } from "./batch-checks.js";
import { NativeExpertOps } from "./native-expert-ops.js";
import {
  address,
  checkContiguous,
  checkFloat,
  checkHeads,
  checkIndices,
  checkMatrix,
  checkSameDtype,
  checkVector,
  fail,
} from "./op-checks.js";

/** {@link Ops} over the calls of an addon. */
export class NativeOps extends NativeExpertOps implements Ops {
  prepareBatch(batch: Batch): void {
    const { layout, tables } = batch;
    const { maxRows, maxTokens, maxBlocksPerRow, blockSize, maxSamples, vocabSize } = layout.capacity;
    const { records } = tables;
    checkBatch("prepareBatch", batch);
    checkRecords("prepareBatch", batch);
    checkIndices("prepareBatch", "inputIds", batch.inputIds, maxTokens);
    checkIndices("prepareBatch", "positions", batch.positions, maxTokens);
    checkIndices("prepareBatch", "slots", batch.slots, maxTokens);
    this.native.prepareBatch(
      this.backend,
      address(batch.plan),
      layout.totalWords,
      layout.rowIds,
      layout.queryStarts,
      layout.contextLens,
      layout.sampleRows,
      layout.sampleTokens,
      maxRows,
      maxTokens,
      maxBlocksPerRow,
      blockSize,
      maxSamples,
      address(tables.blockTables),
      address(tables.lastTokens),
      address(tables.sampling),
      vocabSize,
      records ? address(records.tokenCounts) : 0,
      records ? address(records.recentTokens) : 0,
      records ? address(records.tokenMasks) : 0,
      records ? address(records.edits) : 0,
      address(batch.inputIds),
      address(batch.positions),
      address(batch.slots),
    );
  }

  embedding(out: Tensor, table: Tensor, ids: Tensor): void {
    const [tokens, hidden] = out.shape;
    checkPick("embedding", out, table, ids);
    if (tokens === 0) return;
    this.native.embedding(
      this.backend,
      address(out),
      address(table),
      address(ids),
      tokens!,
      table.shape[0]!,
      hidden! * DTYPES[out.dtype].size,
    );
  }

  gatherRows(out: Tensor, x: Tensor, indices: Tensor): void {
    const [samples, hidden] = out.shape;
    checkPick("gatherRows", out, x, indices);
    if (samples === 0) return;
    this.native.gatherRows(
      this.backend,
      address(out),
      address(x),
      address(indices),
      samples!,
      x.shape[0]!,
      hidden! * DTYPES[out.dtype].size,
    );
  }

  rmsNorm(out: Tensor, x: Tensor, weight: Tensor, eps: number): void {
    const [tokens, hidden] = x.shape;
    checkNorm("rmsNorm", out, x, weight);
    if (tokens === 0) return;
    this.native.rmsNorm(
      this.backend,
      DTYPES[x.dtype].code,
      address(out),
      address(x),
      address(weight),
      tokens!,
      hidden!,
      eps,
    );
  }

  addRmsNorm(out: Tensor, residual: Tensor, x: Tensor, weight: Tensor, eps: number): void {
    const [tokens, hidden] = x.shape;
    checkNorm("addRmsNorm", out, x, weight);
    checkMatrix("addRmsNorm", "residual", residual, tokens!, hidden!);
    checkSameDtype("addRmsNorm", residual, x);
    checkContiguous("addRmsNorm", "residual", residual);
    if (tokens === 0) return;
    this.native.addRmsNorm(
      this.backend,
      DTYPES[x.dtype].code,
      address(out),
      address(residual),
      address(x),
      address(weight),
      tokens!,
      hidden!,
      eps,
    );
  }

  rope(q: Tensor, k: Tensor, positions: Tensor, cosSin: Tensor): void {
    const [tokens, heads, headDim] = q.shape;
    const [maxPositions, rotaryDim] = cosSin.shape;
    checkHeads("rope", "q", q, tokens!, headDim!);
    checkHeads("rope", "k", k, tokens!, headDim!);
    checkSameDtype("rope", q, k);
    checkFloat("rope", q);
    checkIndices("rope", "positions", positions, tokens!);
    checkContiguous("rope", "cosSin", cosSin);
    if (cosSin.dtype !== "float32" || cosSin.shape.length !== 2 || rotaryDim! > headDim! || rotaryDim! % 2 !== 0) {
      fail(
        "rope",
        `cosSin is ${cosSin.dtype} [${cosSin.shape}], float32 [maxPositions, even and <= ${headDim}] was expected`,
      );
    }
    if (tokens === 0) return;
    this.native.rope(
      this.backend,
      DTYPES[q.dtype].code,
      address(q),
      q.strides[0]!,
      heads!,
      address(k),
      k.strides[0]!,
      k.shape[1]!,
      tokens!,
      headDim!,
      address(positions),
      address(cosSin),
      maxPositions!,
      rotaryDim!,
    );
  }

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

  pagedAttention(out: Tensor, q: Tensor, keyCache: Tensor, valueCache: Tensor, batch: Batch, scale: number): void {
    const [blocks, kvHeads, blockSize, headDim] = keyCache.shape;
    const [tokens, heads] = q.shape;
    const { layout, tables } = batch;
    checkCache("pagedAttention", keyCache, valueCache, batch);
    checkBatch("pagedAttention", batch);
    checkHeads("pagedAttention", "q", q, tokens!, headDim!);
    checkHeads("pagedAttention", "out", out, tokens!, headDim!);
    checkSameDtype("pagedAttention", q, keyCache);
    checkSameDtype("pagedAttention", out, keyCache);
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
      address(batch.plan),
      layout.totalWords,
      layout.rowIds,
      layout.queryStarts,
      layout.contextLens,
      layout.sampleRows,
      layout.sampleTokens,
      layout.capacity.maxRows,
      layout.capacity.maxTokens,
      layout.capacity.maxBlocksPerRow,
      layout.capacity.blockSize,
      layout.capacity.maxSamples,
      address(tables.blockTables),
      address(tables.lastTokens),
      address(tables.sampling),
      address(out),
      out.strides[0]!,
      address(q),
      q.strides[0]!,
      heads!,
      tokens!,
      batch.numRows,
      scale,
    );
  }

  linear(out: Tensor, x: Tensor, weight: LinearWeight): void {
    if (!this.isOwn(weight)) fail("linear", "the weight was prepared by another backend");
    const tokens = x.shape[0]!;
    checkFloat("linear", x);
    checkMatrix("linear", "x", x, tokens, weight.inFeatures);
    checkMatrix("linear", "out", out, tokens, weight.outFeatures);
    if (out.dtype !== "float32") checkSameDtype("linear", out, x);
    if (x.strides[1] !== 1 || out.strides[1] !== 1) fail("linear", "the rows of x and out must be contiguous");
    if (tokens === 0) return;
    this.native.linear(
      this.backend,
      weight.id,
      address(out),
      out.strides[0]!,
      DTYPES[out.dtype].code,
      address(x),
      x.strides[0]!,
      DTYPES[x.dtype].code,
      tokens,
    );
  }

  siluMul(out: Tensor, gateUp: Tensor): void {
    const [tokens, width] = out.shape;
    checkFloat("siluMul", out);
    checkSameDtype("siluMul", gateUp, out);
    checkMatrix("siluMul", "gateUp", gateUp, tokens!, 2 * width!);
    checkContiguous("siluMul", "out", out);
    checkContiguous("siluMul", "gateUp", gateUp);
    if (tokens === 0) return;
    this.native.siluMul(this.backend, DTYPES[out.dtype].code, address(out), address(gateUp), tokens!, width!);
  }
}

function checkPick(op: string, out: Tensor, from: Tensor, indices: Tensor): void {
  checkMatrix(op, "out", out, out.shape[0]!, from.shape[1]!);
  checkSameDtype(op, out, from);
  checkContiguous(op, "out", out);
  checkContiguous(op, "the source", from);
  checkIndices(op, "the indices", indices, out.shape[0]!);
}

function checkNorm(op: string, out: Tensor, x: Tensor, weight: Tensor): void {
  checkFloat(op, x);
  checkMatrix(op, "out", out, x.shape[0]!, x.shape[1]!);
  checkVector(op, "weight", weight, x.shape[1]!);
  checkSameDtype(op, out, x);
  checkSameDtype(op, weight, x);
  checkContiguous(op, "out", out);
  checkContiguous(op, "x", x);
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
