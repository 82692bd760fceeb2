// Rows picked by index: copied bit for bit by embedding and gatherRows, added by addEmbedding.
import { assertInternal } from "../../errors.js";
import type { Tensor } from "../../tensor.js";
import { clearElements, copyElements, intsOf, load, store } from "../elements.js";

export function embedding(out: Tensor, table: Tensor, ids: Tensor): void {
  const [tokens, hidden] = out.shape as [number, number];
  const vocabSize = table.shape[0]!;
  const id = intsOf(ids);
  for (let t = 0; t < tokens; t++) {
    const row = id[t]!;
    if (row < 0 || row >= vocabSize) clearElements(out, t * out.strides[0]!, hidden);
    else copyElements(out, t * out.strides[0]!, table, row * table.strides[0]!, hidden);
  }
}

export function gatherRows(out: Tensor, x: Tensor, indices: Tensor): void {
  const [samples, hidden] = out.shape as [number, number];
  const index = intsOf(indices);
  for (let s = 0; s < samples; s++) {
    const row = index[s]!;
    assertInternal(row >= 0 && row < x.shape[0]!, `gatherRows: index ${row} is outside of [0, ${x.shape[0]})`);
    copyElements(out, s * out.strides[0]!, x, row * x.strides[0]!, hidden);
  }
}

export function addEmbedding(out: Tensor, table: Tensor, ids: Tensor, offset: number): void {
  const [tokens, hidden] = out.shape as [number, number];
  const id = intsOf(ids);
  const sum = new Float64Array(hidden);
  const added = new Float64Array(hidden);
  for (let t = 0; t < tokens; t++) {
    const row = id[t]! + offset;
    if (row < 0 || row >= table.shape[0]!) continue;
    load(sum, out, t * out.strides[0]!);
    load(added, table, row * table.strides[0]!);
    for (let i = 0; i < hidden; i++) sum[i] = sum[i]! + added[i]!;
    store(out, t * out.strides[0]!, sum);
  }
}
