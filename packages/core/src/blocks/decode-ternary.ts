// One scale and a few bits an element: 1 bit (-1, 1), 2 bits (-1, 0, 1, 2), or five ternary digits (-1, 0, 1) in a byte.
import { halfAt } from "./decode-simple.js";

/** float16 scale, 16 bytes of signs for 128 elements, lowest bit first; a set bit is plus */
export function decodeQ10(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 128; i++) out[start + i] = scale * (2 * ((bytes[at + 2 + (i >> 3)]! >> (i & 7)) & 1) - 1);
}

/** float16 scale, 16 bytes of 2-bit codes for 64 elements, lowest bits first */
export function decodeQ20(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at);
  for (let i = 0; i < 64; i++) {
    out[start + i] = scale * (((bytes[at + 2 + (i >> 2)]! >> (2 * (i & 3))) & 3) - 1);
  }
}

/** 64 bytes of 2-bit codes, 32 of which are 128 elements, 32 for each pair of bits from the lowest up; float16 scale */
export function decodeTQ20(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at + 64);
  for (let i = 0; i < 256; i++) {
    const code = (bytes[at + 32 * (i >> 7) + (i & 31)]! >> (2 * ((i >> 5) & 3))) & 3;
    out[start + i] = scale * (code - 1);
  }
}

/** 32 bytes of 5 digits, 16 bytes of 5, 4 bytes of 4, float16 scale */
export function decodeTQ10(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = halfAt(bytes, at + 52);
  digits(bytes, at, 32, 5, scale, out, start);
  digits(bytes, at + 32, 16, 5, scale, out, start + 160);
  digits(bytes, at + 48, 4, 4, scale, out, start + 240);
}

/** A byte is its digits as a fraction of 256. The first digit of all `width` bytes comes first, then the second of all. */
function digits(
  bytes: Uint8Array,
  at: number,
  width: number,
  count: number,
  scale: number,
  out: Float32Array,
  start: number,
): void {
  for (let i = 0; i < width; i++) {
    let rest = bytes[at + i]!;
    for (let digit = 0; digit < count; digit++) {
      const tripled = 3 * rest;
      out[start + digit * width + i] = scale * ((tripled >> 8) - 1);
      rest = tripled & 255;
    }
  }
}
