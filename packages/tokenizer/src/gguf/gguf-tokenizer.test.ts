import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GgufWriterValue, ggufBytes } from "@octavo/core/testing";
import { describe, expect, test, vi } from "vitest";
import { FIXTURES, modelFolder, POCKET } from "../../test-support/model-folder.js";
import { Tokenizer } from "../tokenizer.js";

type Metadata = Record<string, GgufWriterValue>;

const fixture = (name: string) => JSON.parse(readFileSync(join(FIXTURES, name), "utf8"));
const ggml = (entries: Metadata): Metadata =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [`tokenizer.ggml.${key}`, value]));

async function load(metadata: Metadata): Promise<Tokenizer> {
  const path = join(await modelFolder({}), "model.gguf");
  writeFileSync(path, ggufBytes({ metadata }));
  return Tokenizer.load(path);
}

/** Pocket's vocabulary and merges as a converter writes them. */
function pocket(more: Metadata = {}): Metadata {
  const { model, added_tokens } = JSON.parse(readFileSync(join(POCKET, "tokenizer.json"), "utf8"));
  const tokens: string[] = [];
  for (const [token, id] of Object.entries<number>(model.vocab)) tokens[id] = token;
  const types = new Int32Array(tokens.length).fill(1);
  for (const { id } of added_tokens) types[id] = 3;
  const merges = model.merges.map((merge: string | string[]) => (typeof merge === "string" ? merge : merge.join(" ")));
  return ggml({ model: "gpt2", pre: "gpt-2", tokens, token_type: types, merges, ...more });
}

const abc = ggml({
  model: "llama",
  tokens: ["<unk>", "<s>", "</s>", "\u2581", "a", "\u2581a", "b", "ab"],
  unknown_token_id: 0,
});
const scores = { "tokenizer.ggml.scores": Float32Array.of(0, 0, 0, -4, -5, -1, -6, -2) };

describe("byte-level", () => {
  const golden: { ids: Record<string, number[][]> } = fixture("gguf/cut-golden.json");
  const texts: string[] = fixture("tokenizer-golden.json").cases.map((c: { text: string }) => c.text);

  test.each(Object.keys(golden.ids))("%s cuts hard texts as the models' own tokenizers", async (pre) => {
    const tokenizer = await load(pocket({ pre, add_bos_token: false }));
    for (const [i, text] of texts.entries()) {
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(golden.ids[pre]![i]);
    }
  });

  // Falcon's tokenizer.json parts numbers where it has bytes already, and the first byte of a fraction is none.
  test("falcon leaves a space before a fraction at its first byte", async () => {
    const vocabulary = { tokens: ["Ġ", "Â", "½", "ĠÂ"], merges: ["Ġ Â"], token_type: new Int32Array(4).fill(1) };
    const tokenizer = await load(ggml({ model: "gpt2", pre: "falcon", add_bos_token: false, ...vocabulary }));
    expect([...tokenizer.encode(" ½")]).toEqual([3, 2]);
  });

  test("decodes as the same vocabulary from tokenizer.json", async () => {
    const [tokenizer, own] = [await load(pocket()), await Tokenizer.load(POCKET)];
    for (const text of texts) {
      const ids = own.encode(text);
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(own.decode(ids, { skipSpecialTokens: false }));
    }
  });

  test("where the file does not say how text is cut, it warns and does as llama.cpp", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { "tokenizer.ggml.pre": _, ...metadata } = pocket();
    const tokenizer = await load(metadata);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("tokenizer.ggml.pre"), { code: "OCTAVO_GGUF_TOKENIZER" });
    expect([...tokenizer.encode("a!b 1234")]).toEqual([...(await load(pocket({ pre: "default" }))).encode("a!b 1234")]);
    warn.mockRestore();
  });
});

describe("pieces with scores", () => {
  test("encode as SentencePiece itself, byte tokens included", async () => {
    const { tokens, scores, types, cases } = fixture("gguf/piece-golden.json");
    const list = { tokens, scores: Float32Array.from(scores), token_type: Int32Array.from(types) };
    const tokenizer = await load(ggml({ model: "llama", ...list, unknown_token_id: 0, add_bos_token: false }));
    expect(cases.length).toBeGreaterThan(50);
    for (const { text, ids } of cases) {
      if (text === "") continue;
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  test("a BOS token by default, a leading space unless the file says otherwise", async () => {
    const metadata = { ...abc, ...scores, ...ggml({ bos_token_id: 1, eos_token_id: 2 }) };
    const tokenizer = await load(metadata);
    expect([...tokenizer.encode("ab a")]).toEqual([1, 5, 6, 5]);
    expect(tokenizer.decode([5, 6, 5])).toBe("ab a");
    const plain = await load({
      ...metadata,
      ...ggml({ add_space_prefix: false, add_bos_token: false, add_eos_token: true }),
    });
    expect([...plain.encode("ab a")]).toEqual([7, 5, 2]);
    expect(plain.decode([5, 6])).toBe(" ab");
  });
});

test("pieces with merges go by these, whatever scores say, and by bytes where there is no piece", async () => {
  const tokens = ["<unk>", "<s>", "\u2581", "a", "b", "ab", "\u2581a", "<0xC3>", "<0xA9>"];
  const token_type = Int32Array.of(2, 3, 1, 1, 1, 1, 1, 6, 6);
  const list = { tokens, token_type, scores: new Float32Array(tokens.length).fill(-1000) };
  const ids = { bos_token_id: 1, unknown_token_id: 0 };
  const tokenizer = await load(ggml({ model: "gemma4", ...list, ...ids, merges: ["\u2581 a", "a b"] }));
  expect([...tokenizer.encode("ab ab é")]).toEqual([1, 5, 6, 4, 2, 7, 8]);
  expect(tokenizer.decode([5, 6, 4, 2, 7, 8])).toBe("ab ab é");
});

test("unigrams encode as SentencePiece itself", async () => {
  const { tokens, scores: list, types, cases } = fixture("gguf/unigram-golden.json");
  const lists = { tokens, scores: Float32Array.from(list), token_type: Int32Array.from(types) };
  const more = { remove_extra_whitespaces: true, add_eos_token: false };
  const tokenizer = await load(ggml({ model: "t5", ...lists, unknown_token_id: 0, ...more }));
  expect(cases.length).toBeGreaterThan(50);
  for (const { text, ids } of cases) expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
  expect(tokenizer.decode(tokenizer.encode("  to  and fro"))).toBe("to and fro");
  const ended = await load(ggml({ model: "t5", ...lists, unknown_token_id: 0, eos_token_id: 2 }));
  expect([...ended.encode("the")].at(-1)).toBe(2);
});

test("WordPiece encodes as BERT's tokenizer, around it what begins and parts texts", async () => {
  const { tokens, types, cases } = fixture("gguf/word-piece-golden.json");
  const ids = { unknown_token_id: 1, cls_token_id: 2, seperator_token_id: 3 };
  const tokenizer = await load(ggml({ model: "bert", tokens, token_type: Int32Array.from(types), ...ids }));
  expect(cases.length).toBeGreaterThan(50);
  for (const { text, ids: wanted } of cases) {
    expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(wanted);
  }
  expect(tokenizer.decode(tokenizer.encode("The other"), { skipSpecialTokens: true })).toBe("the other");
});

describe("special tokens and templates", () => {
  test("control tokens are special, user-defined ones are not; both stand for themselves", async () => {
    const types = new Int32Array(8).fill(1);
    types[1] = types[2] = 3;
    types[7] = 4;
    const more = ggml({
      token_type: types,
      bos_token_id: 1,
      eos_token_id: 2,
      padding_token_id: 99,
      add_bos_token: false,
    });
    const tokenizer = await load({ ...abc, ...scores, ...more });
    expect([...tokenizer.encode("</s>ab<s>")]).toEqual([2, 7, 1]);
    expect([1, 2, 7].map((id) => tokenizer.isSpecial(id))).toEqual([true, true, false]);
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.vocabSize]).toEqual([1, 2, 8]);
    expect(tokenizer.chatTemplate).toBeNull();
  });

  test("templates, also named ones, see the special tokens", async () => {
    const tokenizer = await load({
      ...pocket({ bos_token_id: 0 }),
      "tokenizer.chat_template": "{{ bos_token }}{{ messages[0].content }}",
      "tokenizer.chat_templates": ["rag", "missing"],
      "tokenizer.chat_template.rag": "rag {{ messages[0].content }}",
    });
    const hi = [{ role: "user", content: "hi" }];
    expect(tokenizer.renderChat(hi)).toBe("<|endoftext|>hi");
    expect(tokenizer.renderChat(hi, { chatTemplate: "rag" })).toBe("rag hi");
  });

  test("tokens that every object has are tokens like others", async () => {
    const tokens = ["__proto__", "constructor", "toString", "1", "0"];
    const tokenizer = await load(ggml({ model: "gpt2", pre: "gpt-2", tokens, merges: [] }));
    expect(tokens.map((token) => tokenizer.idOf(token))).toEqual([0, 1, 2, 3, 4]);
    expect([...tokenizer.encode("10")]).toEqual([3, 4]);
  });
});

describe("metadata that cannot be used", () => {
  const key = (name: string) => `tokenizer.ggml.${name}`;
  test.each<[string, Metadata, string, string, RegExp]>([
    ["no tokens", { [key("model")]: "gpt2" }, "CHECKPOINT", key("tokens"), /is missing, expected at least one token/],
    [
      "tokens that are numbers",
      pocket({ tokens: Int32Array.of(1) }),
      "CHECKPOINT",
      key("tokens"),
      /is a list, expected a list of texts/,
    ],
    [
      "fewer types than tokens",
      pocket({ token_type: Int32Array.of(1) }),
      "CHECKPOINT",
      key("token_type"),
      /a list of 4096 numbers/,
    ],
    [
      "no kind",
      { [key("tokens")]: ["a"] },
      "CHECKPOINT",
      key("model"),
      /expected gpt2 or llama or gemma4 or bert or t5/,
    ],
    [
      "another kind",
      pocket({ model: "rwkv" }),
      "UNSUPPORTED",
      key("model"),
      /is "rwkv", .* supports gpt2, llama, gemma4, bert, t5.*--skip-tokenizer-init/,
    ],
    ["another way to cut", pocket({ pre: "superbpe" }), "UNSUPPORTED", key("pre"), /is "superbpe"/],
    ["merges that are no pairs", pocket({ merges: ["ab"] }), "CHECKPOINT", key("merges"), /pairs with a space/],
    ["no scores", abc, "CHECKPOINT", key("scores"), /is missing/],
    [
      "squeezed spaces",
      { ...abc, ...scores, [key("remove_extra_whitespaces")]: true },
      "UNSUPPORTED",
      key("remove_extra_whitespaces"),
      /is true/,
    ],
    ["an id as text", pocket({ bos_token_id: "1" }), "CHECKPOINT", key("bos_token_id"), /expected a token id/],
    ["a flag as number", pocket({ add_bos_token: 1 }), "CHECKPOINT", key("add_bos_token"), /expected true or false/],
    [
      "a template that is no text",
      { ...pocket(), "tokenizer.chat_template": 1 },
      "CHECKPOINT",
      "tokenizer.chat_template",
      /expected a text/,
    ],
  ])("%s", async (_what, metadata, code, param, message) => {
    const error = expect.objectContaining({ code, param, message: expect.stringMatching(message) });
    await expect(load(metadata)).rejects.toEqual(error);
    await expect(load(metadata)).rejects.toThrow(/model\.gguf/);
  });

  test("a template that is not Jinja names the file", async () => {
    const metadata = { ...pocket(), "tokenizer.chat_template": "{% for %}" };
    await expect(load(metadata)).rejects.toThrow(
      /model\.gguf: its chat template "default" is not a valid Jinja template/,
    );
  });
});
