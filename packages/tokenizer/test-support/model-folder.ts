// Small tokenizers for tests, written to a temporary folder as a model's files.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { Tokenizer } from "../src/tokenizer.js";

export const POCKET = fileURLToPath(new URL("../../model-pocket", import.meta.url));
export const FIXTURES = fileURLToPath(new URL("../../../test/fixtures", import.meta.url));

/** Objects become JSON. The folder is removed after the test. */
export async function modelFolder(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "octavo-tokenizer-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

export async function load(tokenizer: object, config: object = {}): Promise<Tokenizer> {
  return Tokenizer.load(await modelFolder({ "tokenizer.json": tokenizer, "tokenizer_config.json": config }));
}

/** Pieces with a space mark and byte tokens, as in Llama 2. Ids: 0 `<unk>`, 1 `<s>`, 2 `</s>`, 3 to 258 the bytes, then pieces. */
export function pieceTokenizer(decoder: object): object {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const pieces = ["▁", "a", "b", "▁a", "▁▁", "ab", "▁ab", "é", "\uFFFD", "▁b▁"];
  const special = ["<unk>", "<s>", "</s>"];
  return {
    added_tokens: special.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    decoder,
    model: {
      type: "BPE",
      unk_token: "<unk>",
      byte_fallback: true,
      fuse_unk: true,
      vocab: Object.fromEntries([...special, ...bytes, ...pieces].map((token, id) => [token, id])),
      merges: [
        ["▁", "a"],
        ["▁", "▁"],
        ["a", "b"],
        ["▁", "ab"],
      ],
    },
  };
}

/** The decoder of Llama 2. */
export const LLAMA_DECODER = {
  type: "Sequence",
  decoders: [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    { type: "Strip", content: " ", start: 1, stop: 0 },
  ],
};

/** A word tokenizer of BERT's kind. */
export const WORD_PIECE = {
  added_tokens: [{ id: 0, content: "[UNK]", special: true, normalized: false }],
  pre_tokenizer: { type: "Whitespace" },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: { "[UNK]": 0, hello: 1, world: 2, "##s": 3, ".": 4, don: 5, "n't": 6, "##ing": 7, ",": 8 },
  },
};

/** Random numbers that a seed repeats (mulberry32), in [0, below). */
export function randomInts(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
