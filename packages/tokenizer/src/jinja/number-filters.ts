// Jinja's filters of numbers.
import { arithmetic, signed } from "./arithmetic.js";
import { compare, numberOf } from "./comparison.js";
import { dividedHalfEven, scaledToInteger } from "./float-text.js";
import { functionTable, integerArgument, type PyFunction } from "./functions.js";
import { refuseUndefined, textOf, typeName, type Value } from "./values.js";
import { stripped } from "./whitespace.js";

export const NUMBER_FILTERS: ReadonlyMap<string, PyFunction> = functionTable({
  abs: ["x", [], (value) => (compare(value, 0n) < 0 ? signed("-", value) : signed("+", value))],
  int: ["value default base", [0n, 10n], toInteger],
  float: ["value default", [0], (value, otherwise) => toFloat(value) ?? otherwise],
  round: ["value precision method", [0n, "common"], rounded],
});

const DIGITS: Readonly<Record<number, RegExp>> = {
  2: /^([+-]?)(?:0b)?([01]+)$/i,
  8: /^([+-]?)(?:0o)?([0-7]+)$/i,
  10: /^([+-]?)(\d+)$/,
  16: /^([+-]?)(?:0x)?([\da-f]+)$/i,
};
const PREFIXES: Readonly<Record<number, string>> = { 2: "0b", 8: "0o", 10: "", 16: "0x" };

function toInteger(value: Value, otherwise: Value, base: Value): Value {
  const text = textOf(value);
  const radix = Number(base);
  const found = text === undefined ? null : DIGITS[radix]?.exec(stripped(text).replace(/(?<=\d)_(?=\d)/g, ""));
  if (found) {
    const size = BigInt(PREFIXES[radix]! + found[2]!);
    return found[1] === "-" ? -size : size;
  }
  const number = numberOf(value);
  if (typeof number === "bigint") return number;
  const float = toFloat(value);
  if (float !== undefined && Number.isFinite(float)) return BigInt(Math.trunc(float));
  if (typeof number === "number" && !Number.isNaN(number)) throw new Error("cannot convert float infinity to integer");
  return otherwise;
}

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i;
const NAMED_FLOAT = /^([+-]?)(?:(inf)(?:inity)?|nan)$/i;

/** @returns undefined where Python's float() refuses */
function toFloat(value: Value): number | undefined {
  refuseUndefined(value);
  const text = textOf(value);
  if (text === undefined) {
    const number = numberOf(value);
    return number === undefined ? undefined : Number(number);
  }
  const plain = stripped(text);
  const named = NAMED_FLOAT.exec(plain);
  if (named) return named[2] === undefined ? Number.NaN : named[1] === "-" ? -Infinity : Infinity;
  return FLOAT.test(plain) ? Number(plain.replaceAll("_", "")) : undefined;
}

function rounded(value: Value, precision: Value, method: Value): Value {
  const name = textOf(method);
  if (name !== "common" && name !== "ceil" && name !== "floor") throw new Error("method must be common, ceil or floor");
  refuseUndefined(value);
  const number = numberOf(value);
  if (number === undefined) throw new Error(`type ${typeName(value)} doesn't define __round__ method`);
  const digits = integerArgument(precision);
  if (name === "common")
    return typeof number === "bigint" ? roundedInteger(number, digits) : roundedFloat(number, digits);
  const scale = arithmetic("**", 10n, BigInt(digits));
  const scaled = arithmetic("*", number, scale) as bigint | number;
  const whole = typeof scaled === "bigint" ? scaled : BigInt(Math[name](scaled));
  return arithmetic("/", whole, scale);
}

function roundedInteger(value: bigint, digits: number): bigint {
  if (digits >= 0) return value;
  const unit = 10n ** BigInt(Math.min(-digits, 5000));
  const size = dividedHalfEven(value < 0n ? -value : value, unit) * unit;
  return value < 0n ? -size : size;
}

function roundedFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value;
  if (digits < -308) return 0 * value;
  const result = Number(`${scaledToInteger(value, digits)}e${-digits}`);
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}
