// Jinja's filters of texts. Other values are turned into text first; a safe text stays one.
import { characterCount, characters } from "./characters.js";
import { Dict } from "./dict.js";
import {
  type Definition,
  functionTable,
  integerArgument,
  type PyFunction,
  textArgument,
  withFirst,
} from "./functions.js";
import { checkSize } from "./limits.js";
import { percentFormat } from "./percent-format.js";
import { isTrue, iterate, length, unpacked } from "./sequences.js";
import { str } from "./text.js";
import { capitalized, replacedText, TEXT_METHODS } from "./text-methods.js";
import { toJson } from "./to-json.js";
import { Markup, Tuple, textOf, type Value } from "./values.js";
import { lines, stripped } from "./whitespace.js";

export const TEXT_FILTERS: ReadonlyMap<string, PyFunction> = functionTable({
  upper: changed((text) => text.toUpperCase()),
  lower: changed((text) => text.toLowerCase()),
  capitalize: changed(capitalized),
  title: ["s", [], (value) => titled(str(value))],
  trim: [
    "value chars",
    [null],
    (value, chars) => like(value, stripped(str(value), chars === null ? null : textArgument(chars))),
  ],
  center: ["value width", [80n], (value, width) => method("center", str(value), width)],
  string: ["value", [], (value) => (value instanceof Markup ? value : str(value))],
  replace: [
    "s old new count",
    [null],
    (value, old, replacement, count) =>
      replacedText(str(value), str(old), str(replacement), count === null ? -1 : integerArgument(count)),
  ],
  indent: [
    "s width first blank",
    [4n, false, false],
    (value, width, first, blank) => {
      const indent = textOf(width) ?? " ".repeat(Math.max(0, checkedWidth(width)));
      return like(value, indented(textArgument(value), indent, isTrue(first), isTrue(blank)));
    },
  ],
  truncate: ["s length killwords end leeway", [255n, false, "...", 5n], truncated],
  wordcount: ["s", [], (value) => BigInt(str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)],
  format: (args) => {
    const [value = "", ...given] = args.positional;
    const named = new Dict<Value>(args.named);
    if (given.length > 0 && named.size > 0) throw new Error("format takes arguments by position or by name, not both");
    return percentFormat(str(value), named.size > 0 ? named : new Tuple(given));
  },
  escape: ["s", [], escaped],
  e: ["s", [], escaped],
  forceescape: ["value", [], (value) => Markup.escaped(str(value))],
  safe: ["value", [], (value) => new Markup(str(value))],
  urlencode: ["value", [], urlEncoded],
  tojson: ["x ensure_ascii indent separators sort_keys", [false, null, null, false], toJson],
});

function escaped(value: Value): Markup {
  return value instanceof Markup ? value : Markup.escaped(str(value));
}

function changed(change: (text: string) => string): Definition {
  return ["s", [], (value) => like(value, change(str(value)))];
}

/** @returns a safe text where the value is one */
function like(value: Value, text: string): Value {
  return value instanceof Markup ? new Markup(text) : text;
}

function method(name: string, ...args: readonly Value[]): Value {
  return withFirst(TEXT_METHODS.get(name)!, ...args)({ positional: [], named: new Map() });
}

function titled(text: string): string {
  const parts = text.split(/([-\s({[<]+)/);
  return parts.map(capitalized).join("");
}

function checkedWidth(width: Value): number {
  const size = integerArgument(width);
  checkSize(size);
  return size;
}

function indented(text: string, indent: string, first: boolean, blank: boolean): string {
  const all = lines(`${text}\n`, false);
  checkSize(text.length + all.length * indent.length);
  const rest = all.slice(1).map((line) => (line || blank ? indent + line : line));
  return [(first ? indent : "") + all[0]!, ...rest].join("\n");
}

function truncated(value: Value, longest: Value, killWords: Value, end: Value, leeway: Value): Value {
  const [most, close] = [integerArgument(longest), textArgument(end)];
  if (most < characterCount(close)) throw new Error(`expected length >= ${characterCount(close)}, got ${most}`);
  if (length(value) <= most + (leeway === null ? 5 : integerArgument(leeway))) return value;
  const cut = characters(textArgument(value))
    .slice(0, most - characterCount(close))
    .join("");
  const space = cut.lastIndexOf(" ");
  return (isTrue(killWords) || space < 0 ? cut : cut.slice(0, space)) + close;
}

function urlEncoded(value: Value): string {
  if (Array.isArray(value) || value instanceof Tuple || value instanceof Dict) {
    const pairs = value instanceof Dict ? value.entries() : Array.from(iterate(value), (pair) => unpacked(pair, 2));
    const encoded = (part: Value): string => percentEncoded(str(part)).replaceAll("/", "%2F").replaceAll("%20", "+");
    return pairs.map((pair) => pair.map(encoded).join("=")).join("&");
  }
  return percentEncoded(str(value));
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");
}
