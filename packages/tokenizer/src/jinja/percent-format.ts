// Python's `"%s is %d" % (name, 3)`.
import { characterCount } from "./characters.js";
import { numberOf } from "./comparison.js";
import { Dict } from "./dict.js";
import { checkPrecision, type FormatSpec, formatted } from "./format-spec.js";
import { checkSize } from "./limits.js";
import { repr, str } from "./text.js";
import { refuseUndefined, Tuple, textOf, typeName, type Value } from "./values.js";

const FIELD = /%(?:\(([^)]*)\))?([#0\- +]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?(.)?/gsu;

/** @param text of a value for `%s` @throws Error of too few or too many values, or of a wrong type */
export function percentFormat(format: string, given: Value, text: (value: Value) => string = str): string {
  const values = given instanceof Tuple ? given.items : [given];
  let used = 0;
  const next = (): Value => {
    if (used >= values.length) throw new Error("not enough arguments for format string");
    used += 1;
    return values[used - 1]!;
  };
  const result = format.replace(
    FIELD,
    (field, name?: string, flags = "", width?: string, precision?: string, type?: string) => {
      if (type === undefined) throw new Error("incomplete format");
      if (type === "%") return "%";
      const size = (asked: string | undefined): number => Number(asked === "*" ? next() : (asked ?? 0));
      const wide = size(width);
      checkSize(wide);
      const digits = field.includes(".", name === undefined ? 0 : name.length + 2) ? size(precision) : null;
      if (digits !== null) checkPrecision(digits);
      const value = name === undefined ? next() : named(given, name);
      return conversion(value, { flags, width: wide, precision: digits, type }, text);
    },
  );
  const isMapping = given instanceof Dict || Array.isArray(given);
  if (used < values.length && !(isMapping && used === 0)) {
    throw new Error("not all arguments converted during string formatting");
  }
  return result;
}

function named(given: Value, name: string): Value {
  if (!(given instanceof Dict)) throw new Error("format requires a mapping");
  const value = given.get(name);
  if (value === undefined) throw new Error(`KeyError: ${repr(name)}`);
  return value;
}

interface Field {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | null;
  readonly type: string;
}

const RADIXES: Readonly<Record<string, number>> = { d: 10, i: 10, u: 10, o: 8, x: 16, X: 16 };

function conversion(value: Value, field: Field, text: (value: Value) => string): string {
  const { flags, width, precision, type } = field;
  const isLeft = flags.includes("-");
  const isZeroed = flags.includes("0") && !isLeft;
  const plain: FormatSpec = {
    fill: " ",
    align: isLeft ? "<" : ">",
    sign: flags.includes("+") ? "+" : flags.includes(" ") ? " " : "-",
    alternate: flags.includes("#"),
    width,
    grouping: "",
    precision,
    type: "s",
  };
  if ("sra".includes(type)) return formatted(type === "s" ? text(value) : repr(value), plain);
  refuseUndefined(value);
  if (type === "c") return formatted(characterOf(value), { ...plain, precision: null });
  const number = numberOf(value);
  if (number === undefined) throw new Error(`%${type} format: a real number is required, not ${typeName(value)}`);
  if (RADIXES[type] !== undefined) return integerField(number, plain, isZeroed, type);
  if (!"eEfFgG".includes(type)) throw new Error(`unsupported format character '${type}'`);
  return formatted(number, { ...plain, ...(isZeroed && { fill: "0", align: "=" }), type });
}

/** As str.format's, but that a precision is the least number of digits. */
function integerField(number: bigint | number, spec: FormatSpec, isZeroed: boolean, type: string): string {
  const radix = RADIXES[type]!;
  if (typeof number === "number" && radix !== 10) throw new Error(`%${type} format: an integer is required, not float`);
  const whole = typeof number === "bigint" ? number : BigInt(Math.trunc(number));
  const mark = (whole < 0n ? "-" : spec.sign.replace("-", "")) + (spec.alternate && radix !== 10 ? `0${type}` : "");
  const size = (whole < 0n ? -whole : whole).toString(radix);
  const digits = (type === "X" ? size.toUpperCase() : size).padStart(spec.precision ?? 0, "0");
  const filled = isZeroed ? digits.padStart(spec.width - mark.length, "0") : digits;
  return formatted(mark + filled, { ...spec, precision: null });
}

function characterOf(value: Value): string {
  const text = textOf(value);
  if (typeof value === "bigint" && value >= 0n && value <= 0x10ffffn) return String.fromCodePoint(Number(value));
  if (text === undefined || characterCount(text) !== 1) throw new Error("%c requires int or char");
  return text;
}
