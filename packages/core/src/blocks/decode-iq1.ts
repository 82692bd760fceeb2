// Eight elements at a time from a table of -1, 0 and 1, moved by an eighth up or down: 256 elements under 3-bit scales. Nothing
// is rounded on the way.

import { float16ToNumber } from "../float16.js";
import { halfAt } from "./decode-simple.js";
import { grid } from "./iq-tables.js";

const DELTA = 0.125;

/** float16 scale, 32 bytes of table rows; for each 32 elements 4 times 3 upper bits of row, the scale, the direction */
export function decodeIQ1S(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const table = grid("iq1");
  const scale = halfAt(bytes, at);
  for (let group = 0; group < 8; group++) {
    const more = bytes[at + 34 + 2 * group]! | (bytes[at + 35 + 2 * group]! << 8);
    const groupScale = scale * (2 * ((more >> 12) & 7) + 1);
    const delta = more & 0x8000 ? -DELTA : DELTA;
    for (let i = 0; i < 4; i++) {
      const row = bytes[at + 2 + 4 * group + i]! | (((more >> (3 * i)) & 7) << 8);
      decodeEight(table, row, groupScale, delta, out, start + 32 * group + 8 * i);
    }
  }
}

/**
 * 32 bytes of table rows, for each 8 elements a nibble of 3 upper bits of row and the direction, 8 bytes of scales: of each two
 * bytes the top four bits are a quarter of the float16 scale, lowest first, the others scales of 16 elements each
 */
export function decodeIQ1M(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const table = grid("iq1");
  const scales = at + 48;
  let half = 0;
  for (let i = 0; i < 4; i++) half |= (bytes[scales + 2 * i + 1]! >> 4) << (4 * i);
  const scale = float16ToNumber(half);
  for (let i = 0; i < 32; i++) {
    const more = bytes[at + 32 + (i >> 1)]! >> (4 * (i & 1));
    const pair = scales + 2 * (i >> 3);
    const code = ((bytes[pair]! | (bytes[pair + 1]! << 8)) >> (3 * ((i >> 1) & 3))) & 7;
    const delta = more & 8 ? -DELTA : DELTA;
    decodeEight(table, bytes[at + i]! | ((more & 7) << 8), scale * (2 * code + 1), delta, out, start + 8 * i);
  }
}

function decodeEight(
  table: Int8Array,
  row: number,
  scale: number,
  delta: number,
  out: Float32Array,
  start: number,
): void {
  for (let i = 0; i < 8; i++) out[start + i] = scale * (table[8 * row + i]! + delta);
}
