// Python's format specifications ("<8", "05d", ".2f", ","): of str.format and, in other words, of %.
import { characters } from "./characters.js";
import { numberOf } from "./comparison.js";
import { exponentText, fixedText, floatText, notFinite, scaledToInteger } from "./float-text.js";
import { checkSize } from "./limits.js";
import { str } from "./text.js";
import { textOf, typeName, type Value } from "./values.js";

/** What a specification says. */
export interface FormatSpec {
  readonly fill: string;
  /** "<", ">", "^", "=" or "" for the type's own. */
  readonly align: string;
  /** "+", " " or "-". */
  readonly sign: string;
  /** `#`. */
  readonly alternate: boolean;
  readonly width: number;
  /** ",", "_" or "". */
  readonly grouping: string;
  readonly precision: number | null;
  /** A letter, or "". */
  readonly type: string;
}

const SPEC = /^(?:(.)?([<>=^]))?([+\- ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/su;

/** @throws Error of a text that is no specification */
export function parseFormatSpec(text: string): FormatSpec {
  const found = SPEC.exec(text);
  if (!found) throw new Error(`Invalid format specifier '${text}'`);
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, type] = found;
  if (grouping !== undefined && (grouping === "," ? "bcnosxX" : "cns").includes(type ?? " ")) {
    throw new Error(`Cannot specify '${grouping}' with '${type}'.`);
  }
  const size = Number(width ?? 0);
  checkSize(size);
  checkPrecision(Number(precision ?? 0));
  return {
    fill: fill ?? (zero ? "0" : " "),
    align: align ?? (zero ? "=" : ""),
    sign: sign ?? "-",
    alternate: alternate !== undefined,
    width: size,
    grouping: grouping ?? "",
    precision: precision === undefined ? null : Number(precision),
    type: type ?? "",
  };
}

/** More digits than a float has; more of them take long. */
const MAX_PRECISION = 1000;

/** @throws Error of more digits */
export function checkPrecision(digits: number): void {
  if (digits > MAX_PRECISION) throw new Error(`a format of ${digits} digits, at most ${MAX_PRECISION} are allowed`);
}

/** @returns `format(value, spec)` @throws Error of a type that does not take the specification */
export function formatted(value: Value, spec: FormatSpec): string {
  const text = textOf(value);
  const number = numberOf(value);
  if (text !== undefined || number === undefined || (typeof value === "boolean" && spec.type === "")) {
    if (spec.type !== "" && spec.type !== "s") throw wrongType(spec.type, value);
    if (text === undefined && typeof value !== "boolean")
      throw new Error(`unsupported format string passed to ${typeName(value)}.__format__`);
    if (spec.align === "=" && text !== undefined && spec.fill !== "0")
      throw new Error("'=' alignment not allowed in string format specifier");
    const shown = characters(text ?? str(value));
    const cut = spec.precision === null ? shown : shown.slice(0, spec.precision);
    return padded(cut.join(""), "", spec, typeof value === "boolean" ? ">" : "<");
  }
  const negative = number < 0 || Object.is(number, -0);
  const sign = negative ? "-" : spec.sign.replace("-", "");
  return padded(digitsOf(value, number, spec), sign, spec, ">");
}

function wrongType(type: string, value: Value): Error {
  return new Error(`Unknown format code '${type}' for object of type '${typeName(value)}'`);
}

/** @returns without a sign */
function digitsOf(value: Value, number: bigint | number, spec: FormatSpec): string {
  if ("eEfFgG%".includes(spec.type || " ") || (typeof number === "number" && "n".includes(spec.type))) {
    return grouped(floatDigits(Math.abs(Number(number)), spec), spec.grouping, 3);
  }
  if (typeof number === "number") throw wrongType(spec.type, value);
  const size = number < 0n ? -number : number;
  const radix = RADIXES[spec.type];
  if (spec.type === "c") return String.fromCodePoint(Number(size));
  if (spec.precision !== null) throw new Error("Precision not allowed in integer format specifier");
  if (radix === undefined) {
    if (spec.type === "s") throw wrongType(spec.type, value);
    return grouped(String(size), spec.grouping, 3);
  }
  const digits = (spec.alternate ? `0${spec.type}` : "") + size.toString(radix);
  return grouped(spec.type === "X" ? digits.toUpperCase() : digits, spec.grouping, 4);
}

const RADIXES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

/** @param size 0 or more */
function floatDigits(size: number, spec: FormatSpec): string {
  const digits = plainFloatDigits(size, spec);
  const needsPoint = spec.alternate && Number.isFinite(size) && !digits.includes(".");
  return needsPoint ? digits.replace(/(?=[e%])|$/i, ".") : digits;
}

function plainFloatDigits(size: number, { type, precision, alternate }: FormatSpec): string {
  const upper = (text: string): string => (type === "E" || type === "G" || type === "F" ? text.toUpperCase() : text);
  const suffix = type === "%" ? "%" : "";
  if (!Number.isFinite(size)) return upper(notFinite(size)) + suffix;
  const digits = precision ?? 6;
  switch (type.toLowerCase()) {
    case "f":
      return fixedText(size, digits);
    case "%":
      return fixedText(size * 100, digits) + suffix;
    case "e":
      return upper(scientific(size, digits));
    case "":
      if (precision === null) return floatText(size);
      return general(size, precision, false, true);
    default:
      return upper(general(size, digits, alternate, false));
  }
}

function scientific(size: number, digits: number): string {
  const estimate = exponentOf(size);
  const tooLong = String(scaledToInteger(size, digits - estimate)).length > digits + 1;
  const exponent = tooLong ? estimate + 1 : estimate;
  const all = String(scaledToInteger(size, digits - exponent)).padEnd(digits + 1, "0");
  return all[0] + (digits > 0 ? `.${all.slice(1, digits + 1)}` : "") + exponentText(exponent);
}

function exponentOf(size: number): number {
  return Number(size.toExponential().split("e")[1]);
}

/** As %g: so many significant digits, with an exponent where the number is very small or large. */
function general(size: number, precision: number, keepZeros: boolean, keepPoint: boolean): string {
  const digits = Math.max(1, precision);
  const exponent = Number(scientific(size, digits - 1).split("e")[1]);
  const isPlain = exponent >= -4 && exponent < digits - (keepPoint ? 1 : 0);
  const text = isPlain ? fixedText(size, digits - 1 - exponent) : scientific(size, digits - 1);
  if (keepZeros) return text;
  const [mantissa, power] = text.split("e") as [string, string | undefined];
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  const pointed = keepPoint && isPlain && !short.includes(".") ? `${short}.0` : short;
  return power === undefined ? pointed : `${pointed}e${power}`;
}

function grouped(digits: string, separator: string, size: number): string {
  if (separator === "") return digits;
  const [, whole, rest] = /^(\w*)(.*)$/s.exec(digits)!;
  return whole!.replace(new RegExp(`\\B(?=(\\w{${size}})+$)`, "g"), separator) + rest;
}

function padded(digits: string, sign: string, { fill, align, width }: FormatSpec, usual: string): string {
  const missing = Math.max(0, width - characters(sign + digits).length);
  switch (align || usual) {
    case "<":
      return sign + digits + fill.repeat(missing);
    case "^": {
      const before = Math.floor(missing / 2);
      return fill.repeat(before) + sign + digits + fill.repeat(missing - before);
    }
    case "=":
      return usual === "<" ? digits + fill.repeat(missing) : sign + fill.repeat(missing) + digits;
    default:
      return fill.repeat(missing) + sign + digits;
  }
}
