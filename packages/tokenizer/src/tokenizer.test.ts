import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  FIXTURES,
  LLAMA_DECODER,
  load,
  modelFolder,
  POCKET,
  pieceTokenizer,
  WORD_PIECE,
} from "../test-support/model-folder.js";
import { Tokenizer } from "./tokenizer.js";

interface Golden {
  cases: { text: string; ids: number[]; idsWithSpecial: number[]; decoded: string; decodedWithSpecial: string }[];
  tokens: { id: number; token: string; decoded: string }[];
}
const pocketJson = (): Record<string, unknown> => JSON.parse(readFileSync(join(POCKET, "tokenizer.json"), "utf8"));

describe("Pocket", async () => {
  const pocket = await Tokenizer.load(POCKET);
  const golden: Golden = JSON.parse(readFileSync(join(FIXTURES, "tokenizer-golden.json"), "utf8"));

  test("encodes and decodes as Python's tokenizers library", () => {
    expect(golden.cases.length).toBeGreaterThan(50);
    for (const { text, ids, idsWithSpecial, decoded, decodedWithSpecial } of golden.cases) {
      expect([...pocket.encode(text, { addSpecialTokens: false })], text).toEqual(ids);
      expect([...pocket.encode(text)], text).toEqual(idsWithSpecial);
      expect(pocket.decode(ids)).toBe(decoded);
      expect(pocket.decode(ids, { skipSpecialTokens: false })).toBe(decodedWithSpecial);
    }
  });

  test("knows its vocabulary", () => {
    for (const { id, token, decoded } of golden.tokens) {
      expect(pocket.tokenOf(id)).toBe(token);
      expect(pocket.idOf(token)).toBe(id);
      expect(pocket.decode([id], { skipSpecialTokens: false })).toBe(decoded);
    }
    expect(pocket.vocabSize).toBe(4096);
    expect([pocket.bosTokenId, pocket.eosTokenId]).toEqual([0, 4]);
    expect([0, 4, 5, 4095, 9999].map((id) => pocket.isSpecial(id))).toEqual([true, true, false, false, false]);
    expect([pocket.tokenOf(4096), pocket.idOf("<|nothing|>")]).toEqual([undefined, undefined]);
    expect(pocket.maxCharsPerToken).toBeGreaterThan(10);
  });

  test("a long word does not take forever", () => {
    expect(pocket.encode("a".repeat(50_000)).length).toBe(50_000);
  });
});

describe("special tokens", () => {
  const bos = { "<|endoftext|>": { id: "<|endoftext|>", ids: [0], tokens: ["<|endoftext|>"] } };
  const withBos = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<|endoftext|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: bos,
  };

  test("only the post-processor adds them, whatever add_bos_token says (transformers 5)", async () => {
    for (const add_bos_token of [undefined, true, false]) {
      const config = { bos_token: "<|endoftext|>", add_bos_token };
      const plain = await load(pocketJson(), config);
      const adding = await load({ ...pocketJson(), post_processor: withBos }, config);
      expect([...plain.encode("hello")]).toEqual([263, 297, 83]);
      expect([...adding.encode("hello")]).toEqual([0, 263, 297, 83]);
      expect([...adding.encode("hello", { addSpecialTokens: false })]).toEqual([263, 297, 83]);
    }
  });

  test("a post-processor's token without an id is an error, not id 0", async () => {
    const single = [{ SpecialToken: { id: "<nowhere>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }];
    const broken = await load({ ...pocketJson(), post_processor: { ...withBos, single } });
    expect(() => broken.encode("a")).toThrow(expect.objectContaining({ code: "CHECKPOINT" }));
  });

  test("tokenizer_config.json makes tokens of the vocabulary special", async () => {
    const config = { eos_token: { content: "▁ab" }, bos_token: "<s>", pad_token: "<pad>" };
    const tokenizer = await load(pieceTokenizer(LLAMA_DECODER), config);
    const id = tokenizer.idOf("▁ab")!;
    expect(tokenizer.eosTokenId).toBe(id);
    expect(tokenizer.isSpecial(id)).toBe(true);
    expect(tokenizer.decode([id, tokenizer.idOf("b")!])).toBe("b");
    expect(tokenizer.idOf("<pad>")).toBeUndefined();
  });
});

test("vocabSize counts added tokens, also those that only tokenizer_config.json has", async () => {
  expect((await load(WORD_PIECE)).vocabSize).toBe(9);
  const added = [...WORD_PIECE.added_tokens, { id: 12, content: "[PAD]", special: true, normalized: false }];
  const tokenizer = await load({ ...WORD_PIECE, added_tokens: added });
  expect([tokenizer.vocabSize, ...tokenizer.encode("[PAD] hello")]).toEqual([13, 12, 1]);
  const config = { added_tokens_decoder: { "20": { content: "[END]", special: true } } };
  const configured = await load(WORD_PIECE, config);
  expect([configured.vocabSize, ...configured.encode("[END]")]).toEqual([21, 20]);
});

describe("load", () => {
  test("a folder in the place of tokenizer.json", async () => {
    const folder = await modelFolder({});
    await mkdir(join(folder, "tokenizer.json"));
    await expect(Tokenizer.load(folder)).rejects.toThrow(/must be a file that this user may read/);
  });

  test("takes a folder with nothing but tokenizer.json", async () => {
    const tokenizer = await Tokenizer.load(await modelFolder({ "tokenizer.json": WORD_PIECE }));
    expect([...tokenizer.encode("hello world")]).toEqual([1, 2]);
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.chatTemplate]).toEqual([null, null, null]);
  });

  test("chat_template.jinja replaces the configuration's template", async () => {
    const files = { "tokenizer.json": WORD_PIECE, "tokenizer_config.json": { chat_template: "one" } };
    expect((await Tokenizer.load(await modelFolder(files))).chatTemplate).toBe("one");
    expect((await Tokenizer.load(await modelFolder({ ...files, "chat_template.jinja": "two" }))).chatTemplate).toBe(
      "two",
    );
  });

  test.each([
    ["no file", {}, "tokenizer.json", /tokenizer\.model.*there is none\. Download/],
    ["no SentencePiece", { "tokenizer.model": "x" }, "tokenizer.model", /as a SentencePiece model/],
    ["cut short", { "tokenizer.json": '{"model":' }, "tokenizer.json", /not JSON/],
    ["no object", { "tokenizer.json": "[]" }, "tokenizer.json", /not a JSON object/],
    ["no model", { "tokenizer.json": {} }, "tokenizer.json", /no "model"/],
    ["unknown kind", { "tokenizer.json": { model: { type: "Magic" } } }, "tokenizer.json", /Magic/],
    [
      "an added token with an id beyond reason",
      { "tokenizer.json": { ...WORD_PIECE, added_tokens: [{ id: 2 ** 31, content: "[X]" }] } },
      "tokenizer.json",
      /"\[X\]" has the id 2147483648/,
    ],
    [
      "an added token without an id",
      { "tokenizer.json": WORD_PIECE, "tokenizer_config.json": { added_tokens_decoder: { x: { content: "[X]" } } } },
      "tokenizer.json",
      /"\[X\]" has the id NaN/,
    ],
    [
      "broken config",
      { "tokenizer.json": WORD_PIECE, "tokenizer_config.json": "{" },
      "tokenizer_config.json",
      /not JSON/,
    ],
    [
      "broken template",
      { "tokenizer.json": WORD_PIECE, "tokenizer_config.json": { chat_template: [1] } },
      "tokenizer_config.json",
      /chat_template/,
    ],
    [
      "a template that is not Jinja",
      { "tokenizer.json": WORD_PIECE, "tokenizer_config.json": { chat_template: "{% for %}" } },
      "tokenizer_config.json",
      /chat template "default" is not a valid Jinja template .*Correct it/,
    ],
    [
      "chat_template.jinja that is not Jinja",
      { "tokenizer.json": WORD_PIECE, "chat_template.jinja": "{{ 'a' " },
      "chat_template.jinja",
      /not a valid Jinja template/,
    ],
    [
      "a git-lfs pointer",
      { "tokenizer.json": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n" },
      "tokenizer.json",
      /Run "git lfs pull"/,
    ],
  ])("%s: names the file and what to do", async (_name, files, file, message) => {
    const folder = await modelFolder(files);
    const expected = { code: "CHECKPOINT", param: join(folder, file), message: expect.stringMatching(message) };
    await expect(Tokenizer.load(folder)).rejects.toMatchObject(expected);
  });
});
