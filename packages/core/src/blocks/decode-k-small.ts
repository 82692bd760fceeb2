// q2_k and q3_k: 256 elements in 16 groups of 16, 2-bit codes. Each 32 bytes of codes hold 128 elements, 32 for each pair of
// bits from the lowest up.
import { halfAt } from "./decode-simple.js";

/** 16 bytes with a group's scale (low half) and minimum (high half), 64 bytes of codes, scale and minimum of the scales */
export function decodeQ2K(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at + 80);
  const minimum = halfAt(bytes, at + 82);
  for (let group = 0; group < 16; group++) {
    const packed = bytes[at + group]!;
    const groupScale = Math.fround(scale * (packed & 15));
    const groupMinimum = Math.fround(minimum * (packed >> 4));
    const { codes, shift } = placeOf(group);
    for (let i = 0; i < 16; i++) {
      const code = (bytes[at + 16 + codes + i]! >> shift) & 3;
      out[start + 16 * group + i] = Math.fround(groupScale * code) - groupMinimum;
    }
  }
}

/**
 * 32 bytes of third bits (bit `i` for elements 32i to 32i + 31; a bit that is not set takes 4 away), 64 bytes of codes, 12
 * bytes of 6-bit scales less 32, a scale of the scales
 */
export function decodeQ3K(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at + 108);
  for (let group = 0; group < 16; group++) {
    const groupScale = Math.fround(scale * (scaleOfQ3K(bytes, at + 96, group) - 32));
    const { codes, shift } = placeOf(group);
    const bit = group >> 1;
    const bits = at + 16 * (group & 1);
    for (let i = 0; i < 16; i++) {
      const low = (bytes[at + 32 + codes + i]! >> shift) & 3;
      const missing = (~bytes[bits + i]! >> bit) & 1;
      out[start + 16 * group + i] = groupScale * (low - 4 * missing);
    }
  }
}

/** Where a group's codes are: the first byte, and by how many bits they are shifted. */
function placeOf(group: number): { codes: number; shift: number } {
  return { codes: 32 * (group >> 3) + 16 * (group & 1), shift: 2 * ((group >> 1) & 3) };
}

/** Low halves: bytes 0 to 7, first the low nibbles, then the high ones. Two upper bits: bytes 8 to 11, four of each pair. */
function scaleOfQ3K(bytes: Uint8Array, at: number, group: number): number {
  const low = (bytes[at + (group & 7)]! >> (4 * (group >> 3))) & 15;
  const high = (bytes[at + 8 + (group & 3)]! >> (2 * (group >> 2))) & 3;
  return low | (high << 4);
}
