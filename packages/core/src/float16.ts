// Reading float16 bit patterns: the scales of block formats, embeddings, and the reference backend.

/** 2^(exponent - 25) for each biased float16 exponent. */
const FLOAT16_SCALES = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (exponent - 25));

/** The value of a float16 bit pattern. */
export function float16ToNumber(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * FLOAT16_SCALES[exponent]!;
}
