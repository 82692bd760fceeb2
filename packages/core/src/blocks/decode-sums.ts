// What GGML rounds activations to. Files hold it only by accident, and it reads like any other: scale times code. The sums
// of codes that stand beside them are for dot products.
import { halfAt } from "./decode-simple.js";

const word = new DataView(new ArrayBuffer(4));

/** float16 scale, float16 sum, 32 int8 */
export function decodeQ81(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 32; i++) out[start + i] = scale * ((bytes[at + 4 + i]! << 24) >> 24);
}

/** float32 scale, 256 int8, 16 int16 sums */
export function decodeQ8K(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  for (let i = 0; i < 4; i++) word.setUint8(i, bytes[at + i]!);
  const scale = word.getFloat32(0, true);
  for (let i = 0; i < 256; i++) out[start + i] = scale * ((bytes[at + 4 + i]! << 24) >> 24);
}
