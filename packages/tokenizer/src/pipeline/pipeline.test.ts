import { describe, expect, test } from "vitest";
import { golden, packed } from "../../test-support/fixtures.js";
import { load } from "../../test-support/model-folder.js";
import { readPieceModel } from "../sentencepiece/model-file.js";
import { createNormalizer, type NormalizerConfig } from "./normalizers.js";
import { createPreTokenizer, type PreTokenizerConfig } from "./pre-tokenizers.js";

interface Part<Config, Result> {
  readonly name: string;
  readonly config: Config;
  readonly results: readonly Result[];
}
interface Whole {
  readonly name: string;
  readonly config: object;
  readonly ids: readonly number[][];
  readonly decoded: readonly string[];
  readonly decodedWithSpecial: readonly string[];
}
interface Golden {
  readonly texts: readonly string[];
  readonly normalizers: readonly Part<NormalizerConfig, string>[];
  readonly preTokenizers: readonly Part<PreTokenizerConfig, string[]>[];
  readonly tokenizers: readonly Whole[];
}

const { texts, normalizers, preTokenizers, tokenizers }: Golden = golden("parts-golden.json");
const charsmap = Buffer.from(readPieceModel(packed("unigram.model")).charsmap).toString("base64");

test.each(normalizers)("the normalizer $name gives what the Rust library gives", ({ name, config, results }) => {
  const filled = name === "precompiled" ? { ...config, precompiled_charsmap: charsmap } : config;
  const normalize = createNormalizer(filled, "tokenizer.json")!;
  expect(texts.map((text) => normalize(text, true))).toEqual(results);
});

test.each(preTokenizers)("the pre-tokenizer $name cuts as the Rust library", ({ config, results }) => {
  const cut = createPreTokenizer(config);
  expect(texts.map((text) => cut({ text, atStart: true }).map((section) => section.text))).toEqual(results);
});

describe.each(tokenizers)("$name", ({ config, ids, decoded, decodedWithSpecial }) => {
  const filled = JSON.parse(JSON.stringify(config).replace("CHARSMAP", charsmap));

  test("gives the Rust library's ids", async () => {
    const tokenizer = await load(filled);
    for (const [i, text] of texts.entries()) expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids[i]);
  });

  test("and its text", async () => {
    const tokenizer = await load(filled);
    for (const [i, row] of ids.entries()) {
      expect(tokenizer.decode(row), JSON.stringify(texts[i])).toBe(decoded[i]);
      expect(tokenizer.decode(row, { skipSpecialTokens: false })).toBe(decodedWithSpecial[i]);
    }
  });
});
