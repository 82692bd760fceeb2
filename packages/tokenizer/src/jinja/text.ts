// The text of values: Python's str() and repr().
import { Dict } from "./dict.js";
import { floatText } from "./float-text.js";
import { Items, Markup, Namespace, type PyObject, Tuple, Undefined, type Value } from "./values.js";

/** Python refuses to print an integer of more digits. */
const MAX_INTEGER_DIGITS = 4300;

/** @returns `str(value)`: what `{{ value }}` prints */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? "" : repr(value);
}

/** @returns `repr(value)`: what stands for the value in a list that is printed */
export function repr(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return integerText(value);
  if (typeof value === "number") return floatText(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (value instanceof Tuple) {
    return value.items.length === 1 ? `(${repr(value.items[0]!)},)` : `(${value.items.map(repr).join(", ")})`;
  }
  if (value instanceof Dict)
    return `{${value
      .entries()
      .map(([key, item]) => `${repr(key)}: ${repr(item)}`)
      .join(", ")}}`;
  if (value instanceof Markup) return `Markup(${quoted(value.text)})`;
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Items) return value.traits.text?.(repr) ?? `<${value.typeName} object>`;
  if (value instanceof Namespace) return `<Namespace ${repr(value.attributes)}>`;
  return (value as PyObject).text();
}

function integerText(value: bigint): string {
  const text = String(value);
  if (text.length > MAX_INTEGER_DIGITS)
    throw new Error(`an integer of more than ${MAX_INTEGER_DIGITS} digits is not printed`);
  return text;
}

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, (char) => {
    if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
    return NAMED[char] ?? codeEscape(char.codePointAt(0)!);
  });
  return quote + escaped + quote;
}

function codeEscape(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
