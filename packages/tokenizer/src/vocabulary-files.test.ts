import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { describe, expect, test } from "vitest";
import { golden } from "../test-support/fixtures.js";
import { FIXTURES, modelFolder, POCKET, randomInts } from "../test-support/model-folder.js";
import { pocketRanks } from "../test-support/pocket-ranks.js";
import { Tokenizer } from "./tokenizer.js";

const { model: pocket } = JSON.parse(readFileSync(join(POCKET, "tokenizer.json"), "utf8")) as {
  model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
};
const merges = pocket.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")));
const parts = golden("parts-golden.json") as {
  texts: string[];
  tiktoken: { numRanks: number; ids: number[][] };
  tokenizers: { name: string; config: { model: { vocab: Record<string, number> } }; ids: number[][] }[];
};

/** A line for each token. */
const rankFile = (): string =>
  pocketRanks()
    .map((token, rank) => `${token} ${rank}\n`)
    .join("");

describe("tiktoken", () => {
  test.each(["tokenizer.model", "tokenizer.tiktoken", "tiktoken.model", "qwen.tiktoken"])(
    "%s encodes as tiktoken",
    async (name) => {
      const tokenizer = await Tokenizer.load(await modelFolder({ [name]: rankFile() }));
      expect(tokenizer.vocabSize).toBe(parts.tiktoken.numRanks);
      for (const [i, text] of parts.texts.entries()) {
        expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(parts.tiktoken.ids[i]);
        expect(tokenizer.decode(parts.tiktoken.ids[i]!)).toBe(text);
      }
    },
  );

  test("the configuration's added tokens follow the ranks", async () => {
    const added_tokens_decoder = { 5000: { content: "<|eot|>", special: true } };
    const config = { added_tokens_decoder, eos_token: "<|eot|>" };
    const folder = await modelFolder({ "tokenizer.model": rankFile(), "tokenizer_config.json": config });
    const tokenizer = await Tokenizer.load(folder);
    expect([...tokenizer.encode("<|eot|>")]).toEqual([5000]);
    expect(tokenizer.eosTokenId).toBe(5000);
  });
});

test("vocab.json and merges.txt are GPT-2's BPE", async () => {
  const files = { "vocab.json": pocket.vocab, "merges.txt": `#version: 0.2\n${merges.join("\n")}\n` };
  const tokenizer = await Tokenizer.load(await modelFolder(files));
  const cut = JSON.parse(readFileSync(join(FIXTURES, "gguf/cut-golden.json"), "utf8")) as {
    ids: Record<string, number[][]>;
  };
  const { cases } = JSON.parse(readFileSync(join(FIXTURES, "tokenizer-golden.json"), "utf8")) as {
    cases: { text: string }[];
  };
  for (const [i, { text }] of cases.entries()) {
    if (!text.includes("<|")) expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(cut.ids["gpt-2"]![i]);
  }
  expect(tokenizer.eosTokenId).toBe(pocket.vocab["<|endoftext|>"]);
  const opt = { ...files, "tokenizer_config.json": { tokenizer_class: "OPTTokenizer" } };
  expect((await Tokenizer.load(await modelFolder(opt))).encode("a")[0]).toBe(pocket.vocab["<|endoftext|>"]);
});

describe("vocab.json and merges.txt, by the tokenizer's class", () => {
  const words = ["<s>", "</s>", "<unk>", "<pad>", "<mask>"];
  const vocab = { ...pocket.vocab, ...Object.fromEntries(words.map((word, i) => [word, 5000 + i])) };
  const files = { "vocab.json": vocab, "merges.txt": merges.join("\n") };
  const load = async (tokenizer_class: string) =>
    Tokenizer.load(await modelFolder({ ...files, "tokenizer_config.json": { tokenizer_class } }));

  test("RoBERTa's encloses texts in its own special tokens", async () => {
    const tokenizer = await load("RobertaTokenizer");
    const ids = tokenizer.encode("a<mask>");
    expect([...ids]).toEqual([5000, pocket.vocab.a, 5004, 5001]);
    expect(tokenizer.decode(ids)).toBe("a");
  });

  test("Qwen2's composes accents, cuts digits one by one and keeps a line end with what stands before it", async () => {
    const [qwen, gpt2] = [await load("Qwen2Tokenizer"), await load("GPT2Tokenizer")];
    expect(qwen.encode("cafe\u0301")).toEqual(qwen.encode("caf\u00e9"));
    expect(gpt2.encode("cafe\u0301")).not.toEqual(gpt2.encode("caf\u00e9"));
    expect(qwen.encode("2024")).toHaveLength(4);
  });
});

describe("special_tokens_map.json and added_tokens.json", () => {
  const files = {
    "vocab.json": pocket.vocab,
    "merges.txt": merges.join("\n"),
    "tokenizer_config.json": { eos_token: "<|endoftext|>" },
    "special_tokens_map.json": { eos_token: { content: "<|im_end|>", rstrip: false } },
    "added_tokens.json": { "<|im_end|>": 6001, "<tool>": 6000 },
  };

  test("name and number tokens that tokenizer_config.json does not list", async () => {
    const tokenizer = await Tokenizer.load(await modelFolder(files));
    expect([...tokenizer.encode("a<tool><|im_end|>")]).toEqual([pocket.vocab.a, 6000, 6001]);
    expect(tokenizer.eosTokenId).toBe(6001);
    expect(tokenizer.decode([6000, 6001]), "only named ones are special").toBe("<tool>");
  });

  test("do not count where it lists them", async () => {
    const config = { eos_token: "<|endoftext|>", added_tokens_decoder: { 7000: { content: "<tool>" } } };
    const tokenizer = await Tokenizer.load(await modelFolder({ ...files, "tokenizer_config.json": config }));
    expect([...tokenizer.encode("<tool>")]).toEqual([7000]);
    expect(tokenizer.eosTokenId).toBe(pocket.vocab["<|endoftext|>"]);
  });

  test.each([{ "<tool>": "6000" }, { "<tool>": 6000, "<other>": 6000 }])(
    "a wrong id names the file: %o",
    async (ids) => {
      const folder = await modelFolder({ ...files, "added_tokens.json": ids });
      const param = join(folder, "added_tokens.json");
      await expect(Tokenizer.load(folder)).rejects.toMatchObject({ code: "CHECKPOINT", param });
    },
  );
});

test("vocab.txt is BERT's WordPiece", async () => {
  const { config, ids } = parts.tokenizers.find(({ name }) => name === "bert")!;
  const words: string[] = [];
  for (const [token, id] of Object.entries(config.model.vocab)) words[id] = token;
  const tokenizer = await Tokenizer.load(await modelFolder({ "vocab.txt": `${words.join("\n")}\n` }));
  for (const [i, text] of parts.texts.entries()) {
    expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids[i]);
  }
  const cased = { "vocab.txt": words.join("\r\n"), "tokenizer_config.json": { do_lower_case: false } };
  expect([...(await Tokenizer.load(await modelFolder(cased))).encode("THE")]).not.toEqual([...tokenizer.encode("the")]);
});

describe("damaged files", () => {
  const ranks = rankFile();
  test.each([
    [
      "a rank twice",
      { "tokenizer.tiktoken": `${ranks}YWJjZGVm 5\n` },
      "tokenizer.tiktoken",
      /line \d+: its rank 5 is another token's, too/,
    ],
    [
      "a token twice",
      { "tokenizer.tiktoken": `${ranks}IQ== 99999\n` },
      "tokenizer.tiktoken",
      /its token is also that of rank 33/,
    ],
    [
      "a rank missing",
      { "tokenizer.tiktoken": `${ranks}YWJjZGVmZ2hp 99999\n` },
      "tokenizer.tiktoken",
      /rank \d+ is missing/,
    ],
    [
      "a rank beyond reason",
      { "tokenizer.tiktoken": `${ranks}YWJjZGVmZ2hp 99999999\n` },
      "tokenizer.tiktoken",
      /too large/,
    ],
    [
      "cut in a line",
      { "tokenizer.tiktoken": ranks.slice(0, -6) },
      "tokenizer.tiktoken",
      /line \d+: it is not a token/,
    ],
    ["no bytes", { "tokenizer.tiktoken": "YWI= 0\n" }, "tokenizer.tiktoken", /no token for the byte 0/],
    ["empty", { "tokenizer.tiktoken": "" }, "tokenizer.tiktoken", /no tokens/],
    ["no merges.txt", { "vocab.json": pocket.vocab }, "merges.txt", /vocab.json needs it/],
    ["a merge of nothing", { "vocab.json": { a: 0 }, "merges.txt": "a b\n" }, "merges.txt", /line 1 \("a b"\)/],
    ["an id twice", { "vocab.json": { a: 0, b: 0 }, "merges.txt": "" }, "vocab.json", /"a" and "b" both have the id 0/],
    ["an id that is none", { "vocab.json": { a: -1 }, "merges.txt": "" }, "vocab.json", /"a" has the id -1/],
    ["no unknown word", { "vocab.txt": "a\nb\n" }, "vocab.txt", /lacks the token "\[UNK\]"/],
    ["a word twice", { "vocab.txt": "[UNK]\n[CLS]\n[SEP]\na\na\n" }, "vocab.txt", /lines 4 and 5 are both "a"/],
  ])("%s: names the file and the place", async (_, files, file, message) => {
    const folder = await modelFolder(files);
    const expected = { code: "CHECKPOINT", param: join(folder, file), message: expect.stringMatching(message) };
    await expect(Tokenizer.load(folder)).rejects.toMatchObject(expected);
  });

  test("words that are not UTF-8", async () => {
    const folder = await modelFolder({});
    writeFileSync(join(folder, "vocab.txt"), Buffer.from([0x5b, 0xff, 0x0a]));
    await expect(Tokenizer.load(folder)).rejects.toThrow(/vocab\.txt: it is not UTF-8/);
  });
});

const small = rankFile().split("\n").slice(0, 300).join("\n");
const tekken = {
  config: { pattern: "\\w+|\\s+", default_vocab_size: 300, default_num_special_tokens: 30, version: "v3" },
  vocab: pocketRanks()
    .slice(0, 280)
    .map((token_bytes, rank) => ({ rank, token_bytes })),
};
const letters = Object.fromEntries([..."abcdefgh", "ab", "cd", "abcd"].map((token, id) => [token, id]));
test.each([
  ["tokenizer.tiktoken", small, {}],
  ["tekken.json", JSON.stringify(tekken), {}],
  ["vocab.txt", ["[UNK]", "[CLS]", "[SEP]", "the", "ferry", "##s", "é", "漢"].join("\n"), {}],
  ["vocab.json", JSON.stringify(letters), { "merges.txt": "#version: 0.2\na b\nc d\nab cd\n" }],
  ["merges.txt", "#version: 0.2\na b\nc d\nab cd\n", { "vocab.json": letters }],
])("%s with random damage, 300 times: a tokenizer or an error that names the file", async (name, content, files) => {
  const below = randomInts(11);
  const folder = await modelFolder(files);
  const path = join(folder, name);
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(content);
    for (let j = 0; j <= below(3); j++) bytes[below(bytes.length)] = below(256);
    writeFileSync(path, below(8) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes);
    try {
      (await Tokenizer.load(folder)).encode("the ferries, abcd 漢");
    } catch (error) {
      refused += 1;
      if (!OctavoError.isInstance(error) || !error.message.includes(folder)) throw error;
    }
  }
  expect(refused).toBeGreaterThan(50);
});
