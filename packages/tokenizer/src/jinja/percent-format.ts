// Python's `"%s is %d" % (name, 3)`.
import { numberOf } from "./comparison.js";
import { Dict } from "./dict.js";
import { type FormatSpec, formatted } from "./format-spec.js";
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

function conversion(value: Value, { flags, width, precision, type }: Field, text: (value: Value) => string): string {
  const isLeft = flags.includes("-");
  const sign = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "-";
  const alternate = flags.includes("#");
  const spec: FormatSpec = {
    fill: " ",
    align: isLeft ? "<" : ">",
    sign,
    alternate,
    width,
    grouping: "",
    precision,
    type: "s",
  };
  if (type === "s" || type === "r" || type === "a") return formatted(type === "s" ? text(value) : repr(value), spec);
  refuseUndefined(value);
  if (type === "c")
    return formatted(textOf(value) ?? String.fromCodePoint(Number(value)), { ...spec, precision: null });
  const number = numberOf(value);
  if (number === undefined) throw new Error(`%${type} format: a real number is required, not ${typeName(value)}`);
  const zeros: Partial<FormatSpec> = flags.includes("0") && !isLeft ? { fill: "0", align: "=" } : {};
  if ("diu".includes(type)) {
    const whole = typeof number === "bigint" ? number : BigInt(Math.trunc(number));
    const digits = String(whole < 0n ? -whole : whole).padStart(precision ?? 0, "0");
    const mark = whole < 0n ? "-" : sign.replace("-", "");
    if (!zeros.fill) return formatted(mark + digits, { ...spec, precision: null });
    return mark + digits.padStart(width - mark.length, "0");
  }
  if (!"xXoeEfFgG".includes(type)) throw new Error(`unsupported format character '${type}'`);
  if ("xXo".includes(type) && typeof number === "number") {
    throw new Error(`%${type} format: an integer is required, not float`);
  }
  return formatted(number, { ...spec, ...zeros, precision: "xXo".includes(type) ? null : precision, type });
}
