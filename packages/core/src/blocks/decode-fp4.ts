// 4-bit floats (E2M1) under a shared 8-bit scale. Codes are looked up as twice their value, so scales are halved.

const TWICE_E2M1 = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** Half of 2^(code - 127); GGML has no NaN here, 255 goes on as the others do. */
const HALF_E8M0 = Float32Array.from({ length: 256 }, (_, code) => 2 ** (code - 128));

/** Half of what an unsigned E4M3 stands for; the top bit counts for nothing, NaN (127) is 0, both as in GGML. */
const HALF_UE4M3 = Float32Array.from({ length: 256 }, (_, code) => {
  const [exponent, mantissa] = [(code >> 3) & 15, code & 7];
  if (code === 127) return 0;
  return exponent === 0 ? mantissa * 2 ** -10 : (8 + mantissa) * 2 ** (exponent - 11);
});

/** E8M0 scale, 16 bytes of codes: low halves are elements 0 to 15, high ones 16 to 31 */
export function decodeMxfp4(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  const scale = HALF_E8M0[bytes[at]!]!;
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 1 + i]!;
    out[start + i] = scale * TWICE_E2M1[pair & 15]!;
    out[start + 16 + i] = scale * TWICE_E2M1[pair >> 4]!;
  }
}

/** 4 scales in unsigned E4M3, then for each 16 elements 8 bytes of codes: low halves are elements 0 to 7, high ones 8 to 15 */
export function decodeNvfp4(bytes: Uint8Array, at: number, out: Float32Array, start: number): void {
  for (let i = 0; i < 32; i++) {
    const group = i >> 3;
    const scale = HALF_UE4M3[bytes[at + group]!]!;
    const pair = bytes[at + 4 + i]!;
    const first = start + 16 * group + (i & 7);
    out[first] = scale * TWICE_E2M1[pair & 15]!;
    out[first + 8] = scale * TWICE_E2M1[pair >> 4]!;
  }
}
