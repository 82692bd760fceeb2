import { expect, test } from "vitest";
import { randomInts } from "../../test-support/model-folder.js";
import { translateOniguruma } from "../pipeline/oniguruma.js";
import { AsciiAutomaton } from "./ascii-automaton.js";

const LLAMA = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const NEMO = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const DEEPSEEK = String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_\x60{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** What V8 says: matches, and what stands between two. */
function piecesOf(source: string, text: string): number[] {
  const ends: number[] = [];
  for (const { index, 0: match } of text.matchAll(new RegExp(source, "gv"))) {
    if (match === "") continue;
    if (index > (ends.at(-1) ?? 0)) ends.push(index);
    ends.push(index + match.length);
  }
  if (text.length > (ends.at(-1) ?? 0)) ends.push(text.length);
  return ends;
}

function cut(source: string, text: string, limit = text.length, room = 1000): number[] {
  const ends = new Int32Array(room);
  return [...ends.subarray(0, AsciiAutomaton.of(source)!.cut(text, 0, 0, limit, ends, 0))];
}

test.each([
  LLAMA,
  NEMO,
  DEEPSEEK,
  String.raw`\p{N}{1,3}`,
  "ab|abc|a(?:bd)?|c{2,}|d{3}|(?:e|)f|g*h",
  "a*b|(?:a|b|ab)c|a{1,2}(?!a)",
  String.raw`\w+\s?`,
])("cuts as V8 does by %s", (pattern) => {
  const source = translateOniguruma(pattern);
  const random = randomInts(3);
  for (const letters of ["abcdefgh", "aA1 .\n", " \t\r\n/'sSrReE", String.fromCharCode(...Array(128).keys())]) {
    for (let i = 0; i < 150; i++) {
      const text = Array.from({ length: random(40) }, () => letters[random(letters.length)]).join("");
      expect(cut(source, text), JSON.stringify(text)).toEqual(piecesOf(source, text));
    }
  }
});

test("stops before a character that is not ASCII, at the limit, and where there is no more room", () => {
  const source = translateOniguruma(LLAMA);
  expect(cut(source, "one two  é three")).toEqual([3, 7]);
  expect(cut(source, "one two three", 4)).toEqual([3, 7]);
  expect(cut(source, "one two three", 13, 2)).toEqual([3, 7]);
});

test.each([
  ["what may prefer less", "a+?"],
  ["a group again and again", "(?:a|b)*"],
  ["what stands before", "(?<=a)b"],
  ["more than the next character", "a(?!bc)"],
  ["what may match nothing", "a*|b"],
  ["so high a count", "a{1000}"],
  ["so many states", "a".repeat(300)],
])("leaves %s to V8", (_what, source) => {
  expect(AsciiAutomaton.of(source)).toBeNull();
});
