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

test.each(preTokenizers)("$name cuts as the Rust library", ({ config, results }) => {
  const cursor = new PieceCursor(createPreTokenizer(config, true).stages);
  for (const [i, text] of texts.entries()) {
    if (text === "") continue;
    cursor.enter(text, true);
    const pieces: string[] = [];
    while (cursor.next()) {
      while (cursor.taken < cursor.count) {
        const [from, end] = [cursor.start, cursor.ends[cursor.taken]!];
        if (end > 0) pieces.push(cursor.text.slice(from, end));
        cursor.skip();
      }
    }
    expect(pieces, JSON.stringify(text)).toEqual(results[i]);
  }
});
