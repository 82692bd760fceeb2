// float16 and bfloat16 bit patterns to numbers and back, rounding once, to nearest even, from float64.
export { float16ToNumber } from "../float16.js";

const words = new Uint32Array(2);
const doubles = new Float64Array(words.buffer);
const floats = new Float32Array(words.buffer);

/** 2^(133 - i): one over the unit in the last place, from bfloat16's denormals up. */
const INVERSE_POWERS = Float64Array.from({ length: 262 }, (_, i) => 2 ** (133 - i));

/** The value of a bfloat16 bit pattern. */
export function bfloat16ToNumber(bits: number): number {
  words[0] = bits << 16;
  return floats[0]!;
}

/** The float16 bit pattern nearest to `value`; 65520 and above become infinity. */
export function numberToFloat16(value: number): number {
  return encode(value, 10, -14, 0x7c00);
}

/** The bfloat16 bit pattern nearest to `value`. */
export function numberToBfloat16(value: number): number {
  return encode(value, 7, -126, 0x7f80);
}

/**
 * Counts `value` in units of the last place. The count holds the implicit bit, so that adding it to the exponent below
 * carries into the next exponent, and denormals need no case of their own.
 */
function encode(value: number, fractionBits: number, minExponent: number, infinity: number): number {
  doubles[0] = value;
  const sign = words[1]! & 0x80000000 ? 0x8000 : 0;
  if (Number.isNaN(value)) return sign | infinity | (1 << (fractionBits - 1));
  if (!Number.isFinite(value)) return sign | infinity;
  // Above 128 there is only infinity.
  const exponent = Math.min(Math.max(((words[1]! >>> 20) & 0x7ff) - 1023, minExponent), 128);
  const units = roundHalfToEven(Math.abs(value) * INVERSE_POWERS[exponent - fractionBits + 133]!);
  return sign | Math.min((exponent - minExponent) * 2 ** fractionBits + units, infinity);
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
