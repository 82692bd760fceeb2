// q4_k and q5_k: 256 elements in 8 groups of 32, each with a 6-bit scale and a 6-bit minimum. Each 32 bytes of codes hold two
// groups: the low nibbles are the first, the high ones the second.
import { halfAt } from "./decode-simple.js";

/** scale and minimum of the scales, 12 bytes of 6-bit scales and minimums, 128 bytes of codes */
export function decodeQ4K(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  for (let group = 0; group < 8; group++) {
    const { scale, minimum } = groupOf(bytes, at, group);
    const codes = at + 16 + 32 * (group >> 1);
    const shift = 4 * (group & 1);
    for (let i = 0; i < 32; i++) {
      const code = (bytes[codes + i]! >> shift) & 15;
      out[start + 32 * group + i] = Math.fround(scale * code) - minimum;
    }
  }
}

/** As q4_k, with 32 bytes before the codes whose bit `i` is the fifth bit of group `i`. */
export function decodeQ5K(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  for (let group = 0; group < 8; group++) {
    const { scale, minimum } = groupOf(bytes, at, group);
    const codes = at + 48 + 32 * (group >> 1);
    const shift = 4 * (group & 1);
    for (let i = 0; i < 32; i++) {
      const code = ((bytes[codes + i]! >> shift) & 15) | (((bytes[at + 16 + i]! >> group) & 1) << 4);
      out[start + 32 * group + i] = Math.fround(scale * code) - minimum;
    }
  }
}

/**
 * Scales of groups 0 to 3 are the low six bits of bytes 0 to 3, minimums those of bytes 4 to 7. The other groups have their low
 * four bits in bytes 8 to 11 (scale low, minimum high), and the upper two where the first eight bytes have two left.
 */
function groupOf(bytes: Uint8Array, at: number, group: number): { scale: number; minimum: number } {
  const scales = at + 4 + (group & 3);
  const [first, second, third] = [bytes[scales]!, bytes[scales + 4]!, bytes[scales + 8]!];
  const scale = group < 4 ? first & 63 : (third & 15) | ((first >> 2) & 48);
  const minimum = group < 4 ? second & 63 : (third >> 4) | ((second >> 2) & 48);
  return {
    scale: Math.fround(halfAt(bytes, at) * scale),
    minimum: Math.fround(halfAt(bytes, at + 2) * minimum),
  };
}
