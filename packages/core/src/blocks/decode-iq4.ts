// 4-bit codes that stand for 16 values spaced as weights are, dense around zero.
import { halfAt } from "./decode-simple.js";

const VALUES = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** float16 scale, 16 bytes of codes */
export function decodeIQ4NL(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  decodeGroup(bytes, at + 2, halfAt(bytes, at), out, start);
}

/** float16 scale, upper pairs of bits of 8 scales (2 bytes), their low nibbles (4 bytes), 16 bytes of codes for each */
export function decodeIQ4XS(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  const upper = bytes[at + 2]! | (bytes[at + 3]! << 8);
  for (let group = 0; group < 8; group++) {
    const low = (bytes[at + 4 + (group >> 1)]! >> (4 * (group & 1))) & 15;
    const groupScale = scale * ((low | (((upper >> (2 * group)) & 3) << 4)) - 32);
    decodeGroup(bytes, at + 8 + 16 * group, groupScale, out, start + 32 * group);
  }
}

/** 32 elements: the low halves of 16 bytes, then the high ones. */
function decodeGroup(bytes: Uint8Array, at: number, scale: number, out: Float32Array, start: number): void {
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + i]!;
    out[start + i] = scale * VALUES[pair & 15]!;
    out[start + 16 + i] = scale * VALUES[pair >> 4]!;
  }
}
