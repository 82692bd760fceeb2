// Eight elements at a time from a table of magnitudes, with their signs beside: 256 elements in groups under 4-bit scales.
// A scale, a magnitude and a sign have at most 22 bits of mantissa together, so nothing is rounded on the way.
import { halfAt } from "./decode-simple.js";
import { grid, SIGNS } from "./iq-tables.js";

/** float16 scale; for each 32 elements 4 bytes of table rows, then 4 times 7 bits of signs and the scale above them */
export function decodeIQ2XXS(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const table = grid("iq2_xxs");
  const scale = halfAt(bytes, at);
  for (let group = 0; group < 8; group++) {
    const rows = at + 2 + 8 * group;
    const word = wordAt(bytes, rows + 4);
    const groupScale = scale * (0.5 + ((word >> 28) & 15)) * 0.25;
    for (let i = 0; i < 4; i++) {
      const signs = SIGNS[(word >> (7 * i)) & 127]!;
      decodeEight(table, bytes[rows + i]!, groupScale, signs, out, start + 32 * group + 8 * i);
    }
  }
}

/** float16 scale; for each 8 elements 9 bits of table row and 7 of signs; a nibble of scale for each 16 */
export function decodeIQ2XS(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const table = grid("iq2_xs");
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 32; i++) {
    const code = bytes[at + 2 + 2 * i]! | (bytes[at + 3 + 2 * i]! << 8);
    const groupScale = scale * (0.5 + scaleOf(bytes, at + 66, i >> 1)) * 0.25;
    decodeEight(table, code & 511, groupScale, SIGNS[code >> 9]!, out, start + 8 * i);
  }
}

/** float16 scale; for each 8 elements a byte of table row, then a byte of signs, then two upper bits of row; a nibble of scale for each 16 */
export function decodeIQ2S(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const table = grid("iq2_s");
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 32; i++) {
    const upper = (bytes[at + 66 + (i >> 2)]! >> (2 * (i & 3))) & 3;
    const groupScale = scale * (0.5 + scaleOf(bytes, at + 74, i >> 1)) * 0.25;
    decodeEight(table, bytes[at + 2 + i]! | (upper << 8), groupScale, bytes[at + 34 + i]!, out, start + 8 * i);
  }
}

function decodeEight(
  table: Int8Array,
  row: number,
  scale: number,
  signs: number,
  out: Float32Array,
  start: number,
): void {
  // No branch on a sign: it would be guessed wrong every other time.
  for (let i = 0; i < 8; i++) out[start + i] = scale * (table[8 * row + i]! * (1 - 2 * ((signs >> i) & 1)));
}

function scaleOf(bytes: Uint8Array, at: number, group: number): number {
  return (bytes[at + (group >> 1)]! >> (4 * (group & 1))) & 15;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
