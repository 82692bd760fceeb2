import { expect, test } from "vitest";
import { patternCutter } from "../cutting/cutter.js";
import { PieceCursor } from "../cutting/piece-cursor.js";
import { IdList } from "./id-list.js";
import { MAX_CACHED_LENGTH, WordCache } from "./word-cache.js";

/** Looks words up, and keeps those that are new with their lengths as tokens. @returns which were new, and all tokens */
function look(cache: WordCache, text: string, tokensOf = (word: string) => [word.length]) {
  const pieces = new PieceCursor([{ cutter: patternCutter("\\u{20}", "Removed") }]);
  const fresh: string[] = [];
  const out = new IdList();
  pieces.enter(text, true);
  while (pieces.next()) {
    while (!cache.take(pieces, out)) {
      const [start, end] = [pieces.start, pieces.ends[pieces.taken]!];
      if (cache.revive(text, start, end)) continue;
      const word = text.slice(start, end);
      fresh.push(word);
      if (!cache.add(text, start, end, Int32Array.from(tokensOf(word)))) pieces.skip();
    }
  }
  return { fresh, tokens: [...out.toArray()] };
}

test("gives the tokens of words that it has seen", () => {
  const cache = new WordCache();
  const tokensOf = (word: string) => Array.from(word, (char) => char.codePointAt(0)!);
  const words = ["one", "two", "é", "漢字", "on", "ones"];
  const all = words.flatMap(tokensOf);
  expect(look(cache, words.join(" "), tokensOf)).toEqual({ fresh: words, tokens: all });
  expect(look(cache, ` ${words.join("  ")} `)).toEqual({ fresh: [], tokens: all });
  expect(cache.size).toBe(words.length);
});

test("does not keep long words", () => {
  const cache = new WordCache();
  const word = "x".repeat(MAX_CACHED_LENGTH);
  expect(look(cache, `${word}x ${word}`).fresh.length).toBe(2);
  expect(look(cache, `${word}x ${word}`).fresh).toEqual([`${word}x`]);
});

test("keeps no more words than it may, and of these the ones that come again", () => {
  const cache = new WordCache();
  look(cache, "one two");
  for (let i = 0; i < 200; i++) {
    expect(look(cache, Array.from({ length: 1000 }, (_, k) => `${i},${k}`).join(" ")).fresh.length).toBe(1000);
    expect(look(cache, "one")).toEqual({ fresh: [], tokens: [3] });
  }
  expect(cache.size).toBeLessThanOrEqual(2 ** 16);
  expect(look(cache, "two 199,999").fresh).toEqual(["two"]);
});
