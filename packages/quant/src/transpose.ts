// A matrix the other way round.
import { bytesOf, DTYPES, hostStorage, type Tensor, tensor } from "@octavo/core";

/** A copy of a contiguous matrix on the host, [rows, columns], as [columns, rows]. */
export function transpose(matrix: Tensor): Tensor {
  const [rows, columns] = matrix.shape as [number, number];
  const Elements = DTYPES[matrix.dtype].size === 2 ? Uint16Array : Uint32Array;
  const bytes = bytesOf(matrix);
  const aligned = bytes.byteOffset % Elements.BYTES_PER_ELEMENT === 0 ? bytes : Uint8Array.from(bytes);
  const from = new Elements(aligned.buffer, aligned.byteOffset, rows * columns);
  const to = new Elements(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column]!;
  }
  return tensor(matrix.dtype, [columns, rows], hostStorage(new Uint8Array(to.buffer)));
}
