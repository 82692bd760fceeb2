import { expect, test } from "vitest";
import { golden } from "../../test-support/fixtures.js";
import { PieceCursor } from "../cutting/piece-cursor.js";
import { NotCovered } from "../not-covered.js";
import type { PreTokenizerConfig } from "../pipeline/pre-tokenizers.js";
import { createPreTokenizer, type Stage } from "./pre-tokenizer.js";

interface Golden {
  readonly texts: readonly string[];
  readonly preTokenizers: readonly {
    readonly name: string;
    readonly config: PreTokenizerConfig;
    readonly results: readonly string[][];
  }[];
}

const { texts, preTokenizers }: Golden = golden("parts-golden.json");

function stagesOf(config: PreTokenizerConfig): readonly Stage[] | null {
  try {
    return createPreTokenizer(config).stages;
  } catch (error) {
    if (error instanceof NotCovered) return null;
    throw error;
  }
}

const parts = preTokenizers.map((part) => ({ ...part, stages: stagesOf(part.config) }));
const covered = parts.filter(({ stages }) => stages !== null);

test("all but a few are covered", () => {
  const others = parts.filter(({ stages }) => stages === null).map(({ name }) => name);
  const inverted = ["previous", "next"].map((side) => `split-merged_with_${side}-invert`);
  expect(others).toEqual(["scripts", "fixed", "split-metaspace", ...inverted, "split-contiguous-invert"]);
});

test.each(covered)("$name cuts as the Rust library", ({ stages, results }) => {
  const cursor = new PieceCursor(stages!);
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
