// Undoes the row order that llama.cpp gives q and k projections.

/**
 * Row j * headDim / 2 + i of each head lies at row 2 * i + j of it (i < headDim / 2, j < 2). Rows are moved whole, in whatever
 * format they are.
 * @param bytes `rows` rows of equal length
 * @returns a copy in the checkpoint's order
 */
export function unpermuteRows(bytes: Uint8Array, rows: number, headDim: number): Uint8Array {
  const rowBytes = bytes.byteLength / rows;
  const half = headDim / 2;
  const out = new Uint8Array(bytes.byteLength);
  for (let row = 0; row < rows; row++) {
    const inHead = row % headDim;
    const from = row - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
    out.set(bytes.subarray(from * rowBytes, (from + 1) * rowBytes), row * rowBytes);
  }
  return out;
}
