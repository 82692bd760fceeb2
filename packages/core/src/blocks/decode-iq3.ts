// Four elements at a time from a table of magnitudes, with the signs of eight beside: 256 elements in 8 groups under 4-bit
// scales. As in iq2, nothing is rounded on the way.
import { halfAt } from "./decode-simple.js";
import { grid, SIGNS } from "./iq-tables.js";

/** float16 scale, 64 bytes of table rows, for each 32 elements 4 times 7 bits of signs and the scale above them */
export function decodeIQ3XXS(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const table = grid("iq3_xxs");
  const scale = halfAt(bytes, at);
  for (let group = 0; group < 8; group++) {
    const signsAt = at + 66 + 4 * group;
    const word =
      bytes[signsAt]! | (bytes[signsAt + 1]! << 8) | (bytes[signsAt + 2]! << 16) | (bytes[signsAt + 3]! << 24);
    const groupScale = scale * (0.5 + ((word >> 28) & 15)) * 0.5;
    for (let i = 0; i < 8; i++) {
      const signs = SIGNS[(word >> (7 * (i >> 1))) & 127]! >> (4 * (i & 1));
      decodeFour(table, bytes[at + 2 + 8 * group + i]!, groupScale, signs, out, start + 32 * group + 4 * i);
    }
  }
}

/** float16 scale, 64 bytes of table rows, 8 bytes of their ninth bits, 32 bytes of signs, 8 nibbles of scale */
export function decodeIQ3S(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const table = grid("iq3_s");
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 64; i++) {
    const group = i >> 3;
    const groupScale = scale * (1 + 2 * ((bytes[at + 106 + (group >> 1)]! >> (4 * (group & 1))) & 15));
    const ninth = (bytes[at + 66 + group]! >> (i & 7)) & 1;
    const signs = bytes[at + 74 + (i >> 1)]! >> (4 * (i & 1));
    decodeFour(table, bytes[at + 2 + i]! | (ninth << 8), groupScale, signs, out, start + 4 * i);
  }
}

function decodeFour(
  table: Int8Array,
  row: number,
  scale: number,
  signs: number,
  out: Float32Array,
  start: number,
): void {
  // No branch on a sign: it would be guessed wrong every other time.
  for (let i = 0; i < 4; i++) out[start + i] = scale * (table[4 * row + i]! * (1 - 2 * ((signs >> i) & 1)));
}
