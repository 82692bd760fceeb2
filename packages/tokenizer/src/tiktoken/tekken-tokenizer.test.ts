import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { golden } from "../../test-support/fixtures.js";
import { FIXTURES, modelFolder } from "../../test-support/model-folder.js";
import { pocketRanks } from "../../test-support/pocket-ranks.js";
import type { ChatMessage } from "../chat-messages.js";
import { PRE_TOKENIZERS } from "../gguf/pre-tokenizers.js";
import { Tokenizer } from "../tokenizer.js";

const parts = golden("parts-golden.json") as { texts: string[]; tiktoken: { ids: number[][] } };
const chats = JSON.parse(readFileSync(join(FIXTURES, "tekken-golden.json"), "utf8")) as {
  tools: object[];
  chats: Record<string, ChatMessage[]>;
  texts: { version: string; chat: string; tools: boolean; text: string }[];
};

const ranks = pocketRanks();
const SPECIAL = 40;
const usual = {
  config: {
    pattern: PRE_TOKENIZERS.get("llama3")!.patterns[0]!,
    default_vocab_size: SPECIAL + ranks.length,
    default_num_special_tokens: SPECIAL,
    version: "v7",
  },
  vocab: ranks.map((token_bytes, rank) => ({ rank, token_bytes, token_str: null })),
};
const load = async (file: object) => Tokenizer.load(await modelFolder({ "tekken.json": file }));

test("ranks follow the special tokens, and a text begins with <s>", async () => {
  const tokenizer = await load(usual);
  expect([tokenizer.vocabSize, tokenizer.eosTokenId]).toEqual([SPECIAL + ranks.length, 2]);
  for (const [i, text] of parts.texts.entries()) {
    const ids = parts.tiktoken.ids[i]!.map((id) => SPECIAL + id);
    expect(tokenizer.decode(ids)).toBe(text);
    if (/<(s|unk|pad)>/.test(text)) continue; // special tokens here
    expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual([1, ...ids]);
  }
  expect([...tokenizer.encode("[INST]<SPECIAL_39>", { addSpecialTokens: false })]).toEqual([3, 39]);
});

test("a file may name its special tokens, and have more tokens than the model", async () => {
  const config = { ...usual.config, default_vocab_size: SPECIAL + 256 };
  const special_tokens = [
    { rank: 0, token_str: "<s>", is_control: true },
    { rank: 5, token_str: "[THINK]", is_control: true },
  ];
  const tokenizer = await load({ ...usual, config, special_tokens });
  expect(tokenizer.vocabSize).toBe(SPECIAL + 256);
  expect([...tokenizer.encode("[THINK]a")]).toEqual([0, 5, SPECIAL + 97]);
});

test.each(["v3", "v7", "v11", "v13"])("chats of version %s are as mistral-common's", async (version) => {
  const tokenizer = await load({ ...usual, config: { ...usual.config, version } });
  const cases = chats.texts.filter((entry) => entry.version === version);
  expect(cases.length).toBeGreaterThan(10);
  for (const { chat, tools, text } of cases) {
    const options = tools ? { tools: chats.tools } : {};
    expect(tokenizer.renderChat(chats.chats[chat]!, options), `${chat}, tools ${tools}`).toBe(text);
  }
});

test("the folder's own template comes first; an unknown version has none", async () => {
  const folder = await modelFolder({ "tekken.json": usual, "chat_template.jinja": "mine" });
  expect((await Tokenizer.load(folder)).renderChat([{ role: "user", content: "a" }])).toBe("mine");
  const newer = await load({ ...usual, config: { ...usual.config, version: "v99" } });
  expect(() => newer.renderChat([{ role: "user", content: "a" }])).toThrow(/chat template/);
});

test.each([
  ["no JSON", "{", /it is not JSON/],
  ["no fields", {}, /config\.default_num_special_tokens must be a whole number/],
  ["too few tokens", { ...usual, vocab: usual.vocab.slice(1) }, /vocab must be at least \d+ tokens/],
  ["another order", { ...usual, vocab: [...usual.vocab].reverse() }, /vocab\[0\]\.rank must be 0/],
  ["no pattern", { ...usual, config: { ...usual.config, pattern: 3 } }, /config\.pattern must be a text/],
  [
    "a token twice",
    { ...usual, vocab: usual.vocab.map((entry, i) => (i === 9 ? { ...usual.vocab[8]!, rank: 9 } : entry)) },
    /vocab\[9\]: its token/,
  ],
  [
    "a token of many bytes, whose merges would take minutes to find",
    {
      ...usual,
      vocab: usual.vocab.map((entry, i) => (i === 9 ? { rank: 9, token_bytes: "YWFh".repeat(683) } : entry)),
    },
    /vocab\[9\]: its token has 2049 bytes/,
  ],
  [
    "a special token beyond the others",
    { ...usual, special_tokens: [{ rank: SPECIAL, token_str: "a" }] },
    /special_tokens\[0\]\.rank must be a whole number below 40/,
  ],
])("%s: an error that names the file and the field", async (_, file, message) => {
  const folder = await modelFolder({ "tekken.json": file });
  const expected = { code: "CHECKPOINT", param: join(folder, "tekken.json"), message: expect.stringMatching(message) };
  await expect(Tokenizer.load(folder)).rejects.toMatchObject(expected);
});
