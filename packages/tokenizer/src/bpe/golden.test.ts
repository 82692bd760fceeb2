// Octavo's encoder against ids by Hugging Face's tokenizers (Rust).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIXTURES, load, POCKET } from "../../test-support/model-folder.js";

const read = (name: string) => JSON.parse(readFileSync(join(FIXTURES, "tokenizers", `${name}.json`), "utf8"));

test.each(["llama3_2", "qwen3", "gemma3", "mistral_nemo", "deepseek_v3"])(
  "an extract of %s encodes and decodes hard lines as the whole one",
  async (name) => {
    const { tokenizer: json, cases, idsOfA } = read(name);
    const tokenizer = await load(json);
    expect(cases.length).toBeGreaterThan(140);
    for (const { text, ids, decoded = text } of cases) {
      expect([...tokenizer.encode(text, { addSpecialTokens: false })], JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded);
    }
    expect([...tokenizer.encode("a")]).toEqual(idsOfA);
    const atOnce = cases.map(({ text }: { text: string }) => tokenizer.encodeAsync(text, { addSpecialTokens: false }));
    for (const [i, ids] of (await Promise.all(atOnce)).entries()) expect([...ids]).toEqual(cases[i].ids);
  },
);

describe("the ways of model families", () => {
  const { texts, characters, families } = read("families");
  const bytes = JSON.parse(readFileSync(join(POCKET, "tokenizer.json"), "utf8")).model;

  test.each(Object.keys(families))("%s", async (name) => {
    const { units, normalizer, pre_tokenizer, model, added, ids } = families[name];
    const tokenizer = await load({
      normalizer,
      pre_tokenizer,
      added_tokens: added,
      decoder: units === "bytes" ? { type: "ByteLevel" } : null,
      model: { ...(units === "bytes" ? bytes : characters), ...model },
    });
    for (const [i, text] of texts.entries()) {
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids[i]);
    }
  });
});
