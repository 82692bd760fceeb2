// meanRows: one vector of a row's tokens.
import type { Batch } from "../../batch.js";
import type { Tensor } from "../../tensor.js";
import { intsOf, load, store } from "../elements.js";

export function meanRows(out: Tensor, x: Tensor, batch: Batch): void {
  const starts = intsOf(batch.plan).subarray(batch.layout.queryStarts);
  const row = new Float64Array(x.shape[1]!);
  for (let r = 0; r < batch.numRows; r++) {
    const [begin, end] = [starts[r]!, starts[r + 1]!];
    const sums = new Float64Array(row.length);
    for (let t = begin; t < end; t++) {
      load(row, x, t * x.strides[0]!);
      for (let i = 0; i < row.length; i++) sums[i]! += row[i]!;
    }
    store(
      out,
      r * out.strides[0]!,
      sums.map((sum) => (end > begin ? sum / (end - begin) : 0)),
    );
  }
}
