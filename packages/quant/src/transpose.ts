// A matrix the other way round.
import { bytesOf, DTYPES, hostStorage, type Tensor, tensor } from "@octavo/core";

/** A copy of a contiguous matrix on the host, [rows, columns], as [columns, rows]. */
export function transpose(matrix: Tensor): Tensor {
  const [rows, columns] = matrix.shape as [number, number];
  const Elements = DTYPES[matrix.dtype].size === 2 ? Uint16Array : Uint32Array;
  // Copied, because a checkpoint's tensor need not lie at a multiple of its element size.
  const from = new Elements(Uint8Array.from(bytesOf(matrix)).buffer);
  const to = new Elements(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column]!;
  }
  return tensor(matrix.dtype, [columns, rows], hostStorage(new Uint8Array(to.buffer)));
}
