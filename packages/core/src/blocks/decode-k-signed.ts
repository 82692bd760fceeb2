// q6_k: 256 elements in 16 groups of 16 with signed 8-bit scales. Each half of 128 elements has 64 bytes of low nibbles and 32
// of upper pairs of bits.
import { halfAt } from "./decode-simple.js";

/** 128 bytes of low nibbles, 64 bytes of upper bits, 16 int8 scales, a scale of the scales; codes stand for -32 to 31 */
export function decodeQ6K(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at + 208);
  for (let group = 0; group < 16; group++) {
    const groupScale = Math.fround(scale * ((bytes[at + 192 + group]! << 24) >> 24));
    const half = group >> 3;
    // Of a half, 32 elements at a time: low nibbles of bytes 0 to 31, of 32 to 63, then the high nibbles of both.
    const quarter = (group >> 1) & 3;
    const within = 16 * (group & 1);
    const low = at + 64 * half + 32 * (quarter & 1) + within;
    const high = at + 128 + 32 * half + within;
    for (let i = 0; i < 16; i++) {
      const nibble = (bytes[low + i]! >> (4 * (quarter >> 1))) & 15;
      const upper = (bytes[high + i]! >> (2 * quarter)) & 3;
      out[start + 16 * group + i] = groupScale * ((nibble | (upper << 4)) - 32);
    }
  }
}
