// embedding and gatherRows: rows picked by index, bit for bit.
import { assertInternal } from "../../errors.js";
import type { Tensor } from "../../tensor.js";
import { clearElements, copyElements, intsOf } from "../elements.js";

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
