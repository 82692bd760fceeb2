// The tables that IQ formats look elements up in, unpacked when a format is first met.
import { GRIDS, type GridName } from "./iq-grids.js";

/** The signs of 8 elements by a 7-bit code: the eighth makes the number of minuses even. */
export const SIGNS = Uint8Array.from({ length: 128 }, (_, code) => {
  let odd = 0;
  for (let rest = code; rest > 0; rest >>= 1) odd ^= rest & 1;
  return code | (odd << 7);
});

const unpacked: Partial<Record<GridName, Int8Array>> = {};

/** Rows of 8 elements (iq3: of 4) behind each other. */
export function grid(name: GridName): Int8Array {
  const table = unpacked[name] ?? unpack(name);
  unpacked[name] = table;
  return table;
}

function unpack(name: GridName): Int8Array {
  const { values, packed } = GRIDS[name];
  const bits = values.length <= 4 ? 2 : 4;
  const bytes = Buffer.from(packed, "base64");
  const perByte = 8 / bits;
  return Int8Array.from({ length: bytes.length * perByte }, (_, i) => {
    const code = (bytes[Math.floor(i / perByte)]! >> (bits * (i % perByte))) & ((1 << bits) - 1);
    return values[code]!;
  });
}
