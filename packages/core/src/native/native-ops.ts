// The ops of a backend whose kernels are behind an addon: checks shapes and dtypes, then makes one native call with plain
// numbers. What the tensors hold (ids, slots, plan words) is checked natively. The checks build their messages only when they
// fail.
import type { Batch } from "../batch.js";
import { DTYPES } from "../dtype.js";
import type { LinearWeight } from "../linear.js";
import type { Ops } from "../ops.js";
import type { Tensor } from "../tensor.js";
import { checkRecords } from "./batch-checks.js";
import { NativeExpertOps } from "./native-expert-ops.js";
import {
  address,
  checkContiguous,
  checkFloat,
  checkHeads,
  checkIndices,
  checkProduct,
  checkSameDtype,
  fail,
} from "./op-checks.js";

/** {@link Ops} over the calls of an addon. */
export class NativeOps extends NativeExpertOps implements Ops {
  prepareBatch(batch: Batch): void {
    const { layout, tables } = batch;
    const { maxRows, maxTokens, maxBlocksPerRow, vocabSize, numGroups } = layout.capacity;
    const { records } = tables;
    const words = this.batchWords.of("prepareBatch", batch);
    checkRecords("prepareBatch", batch);
    checkIndices("prepareBatch", "inputIds", batch.inputIds, maxTokens);
    checkIndices("prepareBatch", "positions", batch.positions, maxTokens);
    checkIndices("prepareBatch", "slots", batch.slots, numGroups * maxTokens);
    checkIndices("prepareBatch", "blockTables", tables.blockTables, numGroups * maxRows * maxBlocksPerRow);
    this.native.prepareBatch(
      this.backend,
      words,
      vocabSize,
      records ? address(records.tokenCounts) : 0,
      records ? address(records.recentTokens) : 0,
      records ? address(records.tokenMasks) : 0,
      records ? address(records.edits) : 0,
      address(batch.inputIds),
      address(batch.positions),
      address(batch.slots),
      numGroups,
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

  linear(out: Tensor, x: Tensor, weight: LinearWeight): void {
    if (!this.isOwn(weight)) fail("linear", "the weight was prepared by another backend");
    const tokens = x.shape[0]!;
    checkProduct("linear", out, tokens, x, tokens, weight);
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
}
