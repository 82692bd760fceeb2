// Embeddings on the host: from the model's dtype, to length 1, to fewer dimensions.
import { type FloatDType, float16ToNumber } from "@octavo/core";

/** Below it a vector is not scaled up: as torch's `normalize` and sentence-transformers have it. */
const LEAST_LENGTH = 1e-12;

const bits = new Uint32Array(1);
const bitsAsFloat = new Float32Array(bits.buffer);

/** @param bytes values of `dtype`, aligned to 4; `out.length` of them */
export function readFloats(out: Float32Array, bytes: Uint8Array, dtype: FloatDType): void {
  if (dtype === "float32") {
    out.set(new Float32Array(bytes.buffer, bytes.byteOffset, out.length));
    return;
  }
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, out.length);
  for (let i = 0; i < out.length; i++)
    out[i] = dtype === "float16" ? float16ToNumber(halves[i]!) : ofBfloat16(halves[i]!);
}

/** Scales a vector to length 1, in place. */
export function normalize(vector: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  const length = Math.max(Math.sqrt(sum), LEAST_LENGTH);
  for (let i = 0; i < vector.length; i++) vector[i]! /= length;
}

function ofBfloat16(half: number): number {
  bits[0] = half << 16;
  return bitsAsFloat[0]!;
}
