// SmolLM2-135M-Instruct from its GGUF file against transformers and tokenizers. The file is not in the repository.
import { readFileSync } from "node:fs";
import { LLM } from "@octavo/engine";
import { Tokenizer } from "@octavo/tokenizer";
import { describe, expect, test } from "vitest";
import { testModel } from "./test-models.js";

interface Golden {
  readonly tokenization: { readonly specials: readonly string[]; readonly ids: readonly (readonly number[])[] };
  readonly cases: readonly {
    readonly name: string;
    readonly text: string;
    readonly prompt: number[];
    readonly greedy: number[];
  }[];
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8"));
const golden: Golden = read("gguf/smollm2-golden.json");
const file = testModel("smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");

describe.skipIf(file === null)("SmolLM2", () => {
  test("tokenization of hard texts", async () => {
    const tokenizer = await Tokenizer.load(file!);
    const texts: string[] = [...read("tokenizer-golden.json").cases.map((c: { text: string }) => c.text)];
    texts.push(...golden.tokenization.specials);
    expect(texts).toHaveLength(golden.tokenization.ids.length);
    for (const [i, text] of texts.entries()) {
      const ids = golden.tokenization.ids[i]!;
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
    }
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.vocabSize]).toEqual([1, 2, 49152]);
  });

  test("the chat template's text is the golden prompt's", async () => {
    const tokenizer = await Tokenizer.load(file!);
    const { prompt } = golden.cases.find((c) => c.text.startsWith("<|im_start|>system"))!;
    const messages = [
      { role: "system", content: "You answer in one word." },
      { role: "user", content: "What is 2 + 2?" },
    ];
    expect([...tokenizer.encodeChat(messages)]).toEqual(prompt);
  });

  test("decoded to float32: greedy tokens of 16 prompts", async () => {
    expect(golden.cases).toHaveLength(16);
    await using llm = await LLM.load(file!, { device: "cpu", dtype: "float32", dequantize: true, maxModelLen: 96 });
    const params = { temperature: 0, maxTokens: golden.cases[0]!.greedy.length, ignoreEos: true };
    const outputs = await llm.generate(
      golden.cases.map((c) => c.prompt),
      params,
    );
    for (const [i, { name, greedy }] of golden.cases.entries()) expect(outputs[i]!.tokenIds, name).toEqual(greedy);
  });
});
