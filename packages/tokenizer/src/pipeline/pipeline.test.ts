import { describe, expect, test } from "vitest";
import { golden, packed } from "../../test-support/fixtures.js";
import { load } from "../../test-support/model-folder.js";
import { readPieceModel } from "../sentencepiece/model-file.js";
import { createNormalizer, type NormalizerConfig } from "./normalizers.js";

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
  readonly tokenizers: readonly Whole[];
}

const { texts, normalizers, tokenizers }: Golden = golden("parts-golden.json");
const charsmap = Buffer.from(readPieceModel(packed("unigram.model")).charsmap).toString("base64");

test.each(normalizers)("the normalizer $name gives what the Rust library gives", ({ name, config, results }) => {
  const filled = name === "precompiled" ? { ...config, precompiled_charsmap: charsmap } : config;
  const normalize = createNormalizer(filled, "tokenizer.json")!;
  expect(texts.map((text) => normalize(text, true))).toEqual(results);
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

test.each<[string, string]>([
  ["a*", "-b-b- -c-"],
  ["a?", "-b--b- -c-"],
  ["x*", "-b-a-a-b- -c-a-"],
])("%s is replaced as by the Rust library", (pattern, expected) => {
  const normalize = createNormalizer({ type: "Replace", pattern: { Regex: pattern }, content: "-" }, "tokenizer.json")!;
  expect(normalize("baab ca", true)).toBe(expected);
});

test("an added token of whitespace alone is not found where the one before took all of it, as in the Rust library", async () => {
  const tokenizer = await load({
    added_tokens: [{ id: 1, content: "  ", lstrip: true, rstrip: true, normalized: false, special: false }],
    model: { type: "WordLevel", vocab: { "[UNK]": 0, a: 2 }, unk_token: "[UNK]" },
  });
  expect([...tokenizer.encode("a\n     a")]).toEqual([2, 1, 2]);
});

test("a unigram vocabulary without an unknown piece says so of the character", async () => {
  const tokenizer = await load({ model: { type: "Unigram", vocab: [["a", -1]], unk_id: null } });
  expect([...tokenizer.encode("aa")]).toEqual([0, 0]);
  const refusal = { code: "CHECKPOINT", message: expect.stringMatching(/no unk_id, and no piece for "b"/) };
  expect(() => tokenizer.encode("ab")).toThrow(expect.objectContaining(refusal));
});

test.each(["WordPiece", "WordLevel", "BPE"])(
  "an unk_token that is missing is named where %s needs it",
  async (type) => {
    const tokenizer = await load({ model: { type, vocab: { a: 0 }, merges: [], unk_token: "b" } });
    expect([...tokenizer.encode("a")]).toEqual([0]);
    const refusal = { code: "CHECKPOINT", message: expect.stringMatching(/the token "b", which has no id/) };
    expect(() => tokenizer.encode("c")).toThrow(expect.objectContaining(refusal));
  },
);

test.each<[string, object, RegExp]>([
  ["a decoder", { decoder: { type: "Magic" } }, /its decoder "Magic" is unknown/],
  ["a normalizer", { normalizer: { type: "Magic" } }, /its normalizer "Magic" is unknown/],
  ["a pre-tokenizer", { pre_tokenizer: { type: "Magic" } }, /its pre_tokenizer "Magic" is unknown/],
  ["a post-processor", { post_processor: { type: "Magic" } }, /its post_processor "Magic" is unknown/],
  ["a behavior", { pre_tokenizer: { type: "Punctuation", behavior: "Magic" } }, /the behavior "Magic" is unknown/],
  ["a pattern", { normalizer: { type: "Replace", pattern: { Magic: "a" } } }, /String or Regex/],
  ["a charsmap", { normalizer: { type: "Precompiled", precompiled_charsmap: "////fw==" } }, /its trie takes/],
  ["an unk_id", { model: { type: "Unigram", vocab: [["a", 0]], unk_id: 7 } }, /unk_id is 7, there are 1 pieces/],
  ["a score", { model: { type: "Unigram", vocab: [["a", "b"]], unk_id: 0 } }, /no list of pieces and scores/],
  ["an id", { model: { type: "WordLevel", vocab: { a: -4 }, unk_token: "a" } }, /"a" has the id -4/],
])("%s that cannot be used is named", async (_, part, message) => {
  const model = { type: "WordLevel", vocab: { a: 0 }, unk_token: "a" };
  await expect(load({ model, ...part })).rejects.toThrow(message);
  await expect(load({ model, ...part })).rejects.toMatchObject({ code: "CHECKPOINT" });
});

test("a long text without spaces takes time that grows with its length, not with the square", () => {
  const normalize = createNormalizer({ type: "Precompiled", precompiled_charsmap: charsmap }, "tokenizer.json")!;
  const started = performance.now();
  for (const text of ["漢字かな".repeat(50_000), "e\u0301".repeat(50_000), "👨‍👩‍👧‍👦".repeat(10_000)])
    normalize(text, true);
  // Intl.Segmenter alone took 1.4 s for 64,000 such characters, and four times as long for twice as many.
  expect(performance.now() - started).toBeLessThan(5000);
});
