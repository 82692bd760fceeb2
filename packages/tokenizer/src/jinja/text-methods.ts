// The methods of Python's str.
import { characterCount, characterIndex, characters } from "./characters.js";
import { type Definition, functionTable, integerArgument, type PyFunction, textArgument } from "./functions.js";
import { checkSize } from "./limits.js";
import { isTrue, iterate, sliced } from "./sequences.js";
import { Tuple, textOf, typeName, type Value } from "./values.js";
import { isSpace, lines, type Side, stripped, words, wordsFromEnd } from "./whitespace.js";

/** With the text as their first argument. All but format(). */
export const TEXT_METHODS: ReadonlyMap<string, PyFunction> = functionTable({
  capitalize: changed((text) => capitalized(text)),
  casefold: changed((text) => text.toLowerCase().replaceAll("ß", "ss")),
  center: filled((text, missing, fill, width) => {
    const left = Math.floor(missing / 2) + (missing & width & 1);
    return fill.repeat(left) + text + fill.repeat(missing - left);
  }),
  ljust: filled((text, missing, fill) => text + fill.repeat(missing)),
  rjust: filled((text, missing, fill) => fill.repeat(missing) + text),
  zfill: [
    "self width",
    [],
    (self, width) => {
      const text = textArgument(self);
      checkSize(integerArgument(width));
      const [, sign, digits] = /^([+-]?)(.*)$/s.exec(text)!;
      return sign + "0".repeat(Math.max(0, integerArgument(width) - characterCount(text))) + digits;
    },
  ],
  count: [
    "self part start end",
    [null, null],
    (self, part, start, end) => {
      const { text } = range(self, start, end);
      const sought = textArgument(part);
      return BigInt(sought === "" ? characterCount(text) + 1 : text.split(sought).length - 1);
    },
  ],
  endswith: affix((text, end) => text.endsWith(end)),
  startswith: affix((text, start) => text.startsWith(start)),
  expandtabs: [
    "self tabsize",
    [8n],
    (self, size) => {
      const width = integerArgument(size);
      checkSize(width);
      let column = 0;
      return characters(textArgument(self))
        .map((char) => {
          const shown = char === "\t" ? " ".repeat(width > 0 ? width - (column % width) : 0) : char;
          column = char === "\n" || char === "\r" ? 0 : column + shown.length;
          return shown;
        })
        .join("");
    },
  ],
  find: found(false, (text, part) => text.indexOf(part)),
  index: found(true, (text, part) => text.indexOf(part)),
  rfind: found(false, (text, part) => text.lastIndexOf(part)),
  rindex: found(true, (text, part) => text.lastIndexOf(part)),
  isalnum: asked((text) => /^[\p{L}\p{N}]+$/u.test(text)),
  isalpha: asked((text) => /^\p{L}+$/u.test(text)),
  isascii: asked((text) => /^\p{ASCII}*$/u.test(text)),
  isdecimal: asked((text) => /^\p{Nd}+$/u.test(text)),
  isdigit: asked((text) => /^[\p{Nd}²³¹⁰⁴-⁹₀-₉①-⑨]+$/u.test(text)),
  isidentifier: asked((text) => /^[\p{XIDS}_]\p{XIDC}*$/u.test(text)),
  islower: asked(isLower),
  isnumeric: asked((text) => /^\p{N}+$/u.test(text)),
  isprintable: asked((text) => !/(?! )[\p{C}\p{Z}]/u.test(text)),
  isspace: asked(isSpace),
  istitle: asked((text) => /\p{L}/u.test(text) && text === titled(text)),
  isupper: asked(isUpper),
  join: [
    "self items",
    [],
    (self, items) => {
      const texts = Array.from(iterate(items), (item, i) => {
        const text = textOf(item);
        if (text === undefined) throw new Error(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
        return text;
      });
      return joinedTexts(texts, textArgument(self));
    },
  ],
  lower: changed((text) => text.toLowerCase()),
  upper: changed((text) => text.toUpperCase()),
  swapcase: changed((text) =>
    text.replace(/\p{L}/gu, (char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase())),
  ),
  title: changed(titled),
  strip: strip("both"),
  lstrip: strip("left"),
  rstrip: strip("right"),
  partition: parted(
    (text, part) => text.indexOf(part),
    (text) => [text, "", ""],
  ),
  rpartition: parted(
    (text, part) => text.lastIndexOf(part),
    (text) => ["", "", text],
  ),
  removeprefix: removed((text, part) => (text.startsWith(part) ? text.slice(part.length) : text)),
  removesuffix: removed((text, part) => (part && text.endsWith(part) ? text.slice(0, -part.length) : text)),
  replace: [
    "self old new count",
    [-1n],
    (self, old, replacement, count) =>
      replacedText(textArgument(self), textArgument(old), textArgument(replacement), integerArgument(count)),
  ],
  split: split(words, (text, separator, most) => {
    const parts = text.split(separator);
    return parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
  }),
  rsplit: split(wordsFromEnd, (text, separator, most) => {
    const parts = text.split(separator);
    const kept = parts.length - most - 1;
    return kept <= 0 ? parts : [parts.slice(0, kept + 1).join(separator), ...parts.slice(kept + 1)];
  }),
  splitlines: ["self keepends", [false], (self, keepEnds) => lines(textArgument(self), isTrue(keepEnds))],
});

/** @throws Error of a text that would be too large, before it is made */
export function joinedTexts(texts: readonly string[], separator: string): string {
  checkSize(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
}

/** `str.replace`: all occurrences where `count` is below 0. */
export function replacedText(text: string, old: string, replacement: string, count: number): string {
  const parts = old === "" ? ["", ...characters(text), ""] : text.split(old);
  const most = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  checkSize(text.length + most * Math.max(0, replacement.length - old.length));
  const rest = parts.slice(most).join(old);
  return [...parts.slice(0, most), rest].join(replacement);
}

/** First letter large, the others small. */
export function capitalized(text: string): string {
  const [first = "", ...rest] = characters(text);
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/** `str.islower`. */
export function isLower(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

/** `str.isupper`. */
export function isUpper(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
}

function titled(text: string): string {
  return text.replace(/\p{L}+/gu, capitalized);
}

function changed(change: (text: string) => string): Definition {
  return ["self", [], (self) => change(textArgument(self))];
}

function asked(test: (text: string) => boolean): Definition {
  return ["self", [], (self) => test(textArgument(self))];
}

function removed(remove: (text: string, part: string) => string): Definition {
  return ["self part", [], (self, part) => remove(textArgument(self), textArgument(part))];
}

function strip(side: Side): Definition {
  return [
    "self chars",
    [null],
    (self, chars) => stripped(textArgument(self), chars === null ? null : textArgument(chars), side),
  ];
}

type Fill = (text: string, missing: number, fill: string, width: number) => string;

function filled(fill: Fill): Definition {
  return [
    "self width fillchar",
    [" "],
    (self, width, char) => {
      const text = textArgument(self);
      const wanted = integerArgument(width);
      checkSize(wanted);
      if (characterCount(textArgument(char)) !== 1)
        throw new Error("The fill character must be exactly one character long");
      return fill(text, Math.max(0, wanted - characterCount(text)), textArgument(char), wanted);
    },
  ];
}

/** The part of a text between two places, and how many characters come before it. */
function range(self: Value, start: Value, end: Value): { text: string; before: number } {
  const text = textArgument(self);
  if (start === null && end === null) return { text, before: 0 };
  const chars = characters(text);
  const taken = sliced(chars, { start, stop: end, step: null });
  const before = start === null ? 0 : integerArgument(start);
  return { text: taken.join(""), before: Math.max(0, before < 0 ? before + chars.length : before) };
}

function affix(test: (text: string, affix: string) => boolean): Definition {
  return [
    "self affix start end",
    [null, null],
    (self, wanted, start, end) => {
      const { text } = range(self, start, end);
      if (wanted instanceof Tuple) return wanted.items.some((item) => test(text, textArgument(item)));
      return test(text, textArgument(wanted));
    },
  ];
}

function found(mustExist: boolean, find: (text: string, part: string) => number): Definition {
  return [
    "self part start end",
    [null, null],
    (self, part, start, end) => {
      const { text, before } = range(self, start, end);
      const at = find(text, textArgument(part));
      if (at < 0 && mustExist) throw new Error("substring not found");
      return at < 0 ? -1n : BigInt(before + characterIndex(text, at));
    },
  ];
}

function parted(find: (text: string, part: string) => number, otherwise: (text: string) => Value[]): Definition {
  return [
    "self separator",
    [],
    (self, separator) => {
      const [text, part] = [textArgument(self), textArgument(separator)];
      if (part === "") throw new Error("empty separator");
      const at = find(text, part);
      return new Tuple(at < 0 ? otherwise(text) : [text.slice(0, at), part, text.slice(at + part.length)]);
    },
  ];
}

type Cut = (text: string, separator: string, most: number) => string[];

function split(atSpaces: (text: string, most: number) => string[], at: Cut): Definition {
  return [
    "self sep maxsplit",
    [null, -1n],
    (self, separator, maxSplit) => {
      const [text, most] = [textArgument(self), integerArgument(maxSplit)];
      if (separator === null) return atSpaces(text, most);
      if (textArgument(separator) === "") throw new Error("empty separator");
      return at(text, textArgument(separator), most < 0 ? Number.POSITIVE_INFINITY : most);
    },
  ];
}
