// Formats of 32 elements: a float16 scale, in the "_1" kinds a float16 minimum, then the codes. Of 16 bytes of 4-bit codes the
// low halves are elements 0 to 15, the high ones 16 to 31. Storing to a Float32Array is the rounding of the last operation.
import { float16ToNumber } from "../float16.js";

export function halfAt(bytes: Uint8Array, at: number): number {
  return float16ToNumber(bytes[at]! | (bytes[at + 1]! << 8));
}

/** scale, 32 int8 */
export function decodeQ80(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 32; i++) out[start + i] = ((bytes[at + 2 + i]! << 24) >> 24) * scale;
}

/** scale, 16 bytes of codes that stand for -8 to 7 */
export function decodeQ40(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 2 + i]!;
    out[start + i] = scale * ((pair & 15) - 8);
    out[start + 16 + i] = scale * ((pair >> 4) - 8);
  }
}

/** scale, minimum, 16 bytes of codes */
export function decodeQ41(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  const minimum = halfAt(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 4 + i]!;
    out[start + i] = Math.fround(scale * (pair & 15)) + minimum;
    out[start + 16 + i] = Math.fround(scale * (pair >> 4)) + minimum;
  }
}

/** scale, 32 bits that are the codes' fifth bits, 16 bytes of codes; they stand for -16 to 15 */
export function decodeQ50(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  const high = wordAt(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 6 + i]!;
    out[start + i] = scale * (((pair & 15) | (((high >>> i) & 1) << 4)) - 16);
    out[start + 16 + i] = scale * (((pair >> 4) | (((high >>> (16 + i)) & 1) << 4)) - 16);
  }
}

/** scale, minimum, fifth bits, 16 bytes of codes */
export function decodeQ51(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  const minimum = halfAt(bytes, at + 2);
  const high = wordAt(bytes, at + 4);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 8 + i]!;
    out[start + i] = Math.fround(scale * ((pair & 15) | (((high >>> i) & 1) << 4))) + minimum;
    out[start + 16 + i] = Math.fround(scale * ((pair >> 4) | (((high >>> (16 + i)) & 1) << 4))) + minimum;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
