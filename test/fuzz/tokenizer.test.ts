// Octavo's BPE encoder against @huggingface/tokenizers on random text, with the tokenizers of this repository.
// OCTAVO_FUZZ_SEED=<number> runs one seed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as huggingface from "@huggingface/tokenizers";
import { type Random, seededRandom } from "@octavo/core/testing";
import { Tokenizer } from "@octavo/tokenizer";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const fixedSeed = process.env.OCTAVO_FUZZ_SEED;
const seeds = fixedSeed ? [Number(fixedSeed)] : Array.from({ length: 600 }, (_, i) => i);

const { Tokenizer: LibraryTokenizer } = huggingface as unknown as {
  Tokenizer: new (
    tokenizer: object,
    config: object,
  ) => {
    encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  };
};

const ALPHABETS = [
  "etaoin shrdlu",
  "ABC abc's 'T'll'VE don't",
  "0123456789.,-",
  " \n\t\r\u00a0\u3000",
  "äöüßéèñçøåÀÉ e\u0301n\u0303",
  "приветмир абв",
  "नमस्ते क्ष",
  "你好世界的一是，。",
  "ひらがなカタカナ漢字ー",
  "안녕하세요 \u1112\u1161\u11ab",
  "😀👍🏽👩‍👧🇩🇪❤️",
  "(){}[]<>=+-*/;:\"'\\|_#@",
  "\0\x01\x7f\u00ad\u200b\u202e\ufffd\ue000𝟘𠀀",
].map((alphabet) => [...alphabet]);
const WHOLE = [
  "<|endoftext|>",
  "<|end|>",
  "<|user|>",
  "<s>",
  "</s>",
  "<unk>",
  "<|",
  "the ",
  "ing ",
  "function ",
  "    ",
];

function randomText(random: Random): string {
  let text = "";
  for (let runs = random.integer(12); runs >= 0; runs--) {
    const alphabet = ALPHABETS[random.integer(ALPHABETS.length)]!;
    const length = random.integer(random.integer(20) === 0 ? 300 : 14);
    if (random.integer(6) === 0) text += WHOLE[random.integer(WHOLE.length)]!;
    else if (random.integer(8) === 0) text += alphabet[random.integer(alphabet.length)]!.repeat(length);
    else for (let i = 0; i < length; i++) text += alphabet[random.integer(alphabet.length)]!;
  }
  return text;
}

describe.each(["packages/model-pocket", "test/fixtures/models/llama-mha"])("%s", (folder) => {
  test("gives the ids of the library", async () => {
    const json = JSON.parse(readFileSync(join(ROOT, folder, "tokenizer.json"), "utf8"));
    const library = new LibraryTokenizer(json, {});
    const tokenizer = await Tokenizer.load(join(ROOT, folder));
    for (const seed of seeds) {
      const text = randomText(seededRandom(seed));
      for (const addSpecialTokens of [false, true]) {
        const { ids } = library.encode(text, { add_special_tokens: addSpecialTokens });
        const context = `seed ${seed}: ${JSON.stringify(text)}`;
        expect([...tokenizer.encode(text, { addSpecialTokens })], context).toEqual(ids);
      }
      expect(await tokenizer.encodeAsync(text)).toEqual(tokenizer.encode(text));
    }
  });
});
