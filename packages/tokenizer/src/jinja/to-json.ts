// The filter tojson as transformers has it: Python's json.dumps, with non-ASCII characters as they are.
import { compare } from "./comparison.js";
import { Dict } from "./dict.js";
import { floatText } from "./float-text.js";
import { checkSize } from "./limits.js";
import { isTrue } from "./sequences.js";
import { repr, str } from "./text.js";
import { listOf, textOf, typeName, type Value } from "./values.js";

interface Style {
  readonly indent: string | null;
  readonly comma: string;
  readonly colon: string;
  readonly ascii: boolean;
  readonly sortKeys: boolean;
}

/** Parameters as transformers' tojson. @throws Error of a value that JSON does not have, such as an undefined one */
export function toJson(value: Value, ascii: Value, indent: Value, separators: Value, sortKeys: Value): string {
  const [comma, colon] = separators === null ? [] : listOf(separators)!.map(str);
  const spaces = indent === null ? null : (textOf(indent) ?? " ".repeat(Math.max(0, Number(indent))));
  const style: Style = {
    indent: spaces,
    comma: comma ?? (spaces === null ? ", " : ","),
    colon: colon ?? ": ",
    ascii: isTrue(ascii),
    sortKeys: isTrue(sortKeys),
  };
  const text = json(value, style, "\n");
  checkSize(text.length);
  return text;
}

/** @param line the line break and indentation of what holds the value */
function json(value: Value, style: Style, line: string): string {
  const text = textOf(value);
  if (text !== undefined) return quoted(text, style.ascii);
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return repr(value);
  if (typeof value === "number") return jsonFloat(value);
  const inner = line + (style.indent ?? "");
  const items = listOf(value);
  if (items)
    return enclosed(
      "[",
      items.map((item) => json(item, style, inner)),
      "]",
      style,
      line,
    );
  if (!(value instanceof Dict)) throw new Error(`Object of type ${typeName(value)} is not JSON serializable`);
  const entries = style.sortKeys ? [...value.entries()].sort(([a], [b]) => compare(a, b)) : value.entries();
  const members = entries.map(
    ([key, item]) => quoted(keyText(key), style.ascii) + style.colon + json(item, style, inner),
  );
  return enclosed("{", members, "}", style, line);
}

function enclosed(open: string, items: readonly string[], close: string, style: Style, line: string): string {
  if (items.length === 0) return open + close;
  if (style.indent === null) return open + items.join(style.comma) + close;
  return open + line + style.indent + items.join(style.comma + line + style.indent) + line + close;
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return floatText(value);
}

function keyText(key: Value): string {
  const text = textOf(key);
  if (text !== undefined) return text;
  if (key === null) return "null";
  if (typeof key === "boolean") return String(key);
  if (typeof key === "bigint") return repr(key);
  if (typeof key === "number") return jsonFloat(key);
  throw new Error(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};

function quoted(text: string, ascii: boolean): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those that JSON escapes
  const escaped = text.replace(ascii ? /["\\]|[^ -~]/g : /["\\\x00-\x1f]/g, (char) => {
    return NAMED[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}
