import { expect, test } from "vitest";
import { golden } from "../../test-support/fixtures.js";
import { PieceCursor } from "../cutting/piece-cursor.js";
import { createPreTokenizer, type PreTokenizerConfig } from "./pre-tokenizers.js";

interface Golden {
  readonly texts: readonly string[];
  readonly preTokenizers: readonly {
    readonly name: string;
    readonly config: PreTokenizerConfig;
    readonly results: readonly string[][];
  }[];
}

const { texts, preTokenizers }: Golden = golden("parts-golden.json");

function cut(config: PreTokenizerConfig, text: string): string[] {
  const cursor = new PieceCursor(createPreTokenizer(config, true).stages);
  const pieces: string[] = [];
  cursor.enter(text, true);
  while (cursor.next()) {
    while (cursor.taken < cursor.count) {
      const [from, end] = [cursor.start, cursor.ends[cursor.taken]!];
      if (end > 0) pieces.push(cursor.text.slice(from, end));
      cursor.skip();
    }
  }
  return pieces;
}

test.each(preTokenizers)("$name cuts as the Rust library", ({ config, results }) => {
  for (const [i, text] of texts.entries()) {
    if (text !== "") expect(cut(config, text), JSON.stringify(text)).toEqual(results[i]);
  }
});

test.each<[string, string, string[]]>([
  ["a*", "Isolated", ["b", "aa", "b", " ", "c", "a"]],
  ["a*", "Removed", ["b", "b", " ", "c"]],
  ["a*", "MergedWithNext", ["b", "aab", " ", "c", "a"]],
  ["a*", "MergedWithPrevious", ["baa", "b", " ", "ca"]],
  ["a?", "Contiguous", ["b", "aa", "b", " ", "c", "a"]],
  ["(?=b)", "Contiguous", ["baa", "b ca"]],
  ["\\b", "Isolated", ["baab", " ", "ca"]],
])("%s, which may match nothing, cuts there (%s)", (pattern, behavior, expected) => {
  for (const invert of behavior === "Isolated" || behavior === "Contiguous" ? [false, true] : [false]) {
    const config = { type: "Split", pattern: { Regex: pattern }, behavior, invert };
    expect(cut(config, "baab ca")).toEqual(expected);
  }
});
