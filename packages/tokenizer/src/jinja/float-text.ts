// Floats as Python prints them, and decimal rounding that is exact. (JavaScript's toFixed rounds ties up, Python's to even.)

/** @returns `repr(value)`: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16 */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits, exponent] = value.toExponential().split("e") as [string, string];
  if (Number(exponent) < -4 || Number(exponent) >= 16) return digits + exponentText(Number(exponent));
  const plain = String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** @returns "nan", "inf" or "-inf" */
export function notFinite(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

/** @returns such as "e-05" */
export function exponentText(exponent: number): string {
  return `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** @param value finite @returns value * 10^digits, rounded half to even */
export function scaledToInteger(value: number, digits: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  const word = bits.getBigUint64(0);
  const field = word >> 52n;
  const fraction = word & ((1n << 52n) - 1n);
  // |value| = mantissa * 2^exponent
  const mantissa = field === 0n ? fraction : fraction | (1n << 52n);
  const exponent = (field === 0n ? 1n : field) - 1075n;
  const numerator = mantissa * 10n ** BigInt(Math.max(0, digits)) * 2n ** (exponent > 0n ? exponent : 0n);
  const denominator = 10n ** BigInt(Math.max(0, -digits)) * 2n ** (exponent < 0n ? -exponent : 0n);
  const rounded = dividedHalfEven(numerator, denominator);
  return value < 0 ? -rounded : rounded;
}

/** @param a 0 or more @param b above 0 */
export function dividedHalfEven(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  const twice = (a % b) * 2n;
  const up = twice > b || (twice === b && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** @returns `format(value, ".<digits>f")` of a finite value */
export function fixedText(value: number, digits: number): string {
  const scaled = scaledToInteger(value, digits);
  const all = String(scaled < 0n ? -scaled : scaled).padStart(digits + 1, "0");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const point = all.length - digits;
  return sign + (digits === 0 ? all : `${all.slice(0, point)}.${all.slice(point)}`);
}
