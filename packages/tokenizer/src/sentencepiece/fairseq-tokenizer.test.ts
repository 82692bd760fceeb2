import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { golden, packed } from "../../test-support/fixtures.js";
import { modelFolder } from "../../test-support/model-folder.js";
import { Tokenizer } from "../tokenizer.js";

interface Ids {
  readonly size: number;
  readonly mask: number;
  readonly ids: number[][];
}
const { texts, ...byClass } = golden("xlm-roberta-golden.json") as { texts: string[] } & Record<string, Ids>;
async function load(model: string, config: object): Promise<Tokenizer> {
  const folder = await modelFolder({ "tokenizer_config.json": config });
  writeFileSync(join(folder, "sentencepiece.bpe.model"), packed(`${model}.model`));
  return Tokenizer.load(folder);
}

test.each([
  ["XLMRobertaTokenizer", { tokenizer_class: "XLMRobertaTokenizer" }],
  ["XLMRobertaTokenizer", {}],
  ["CamembertTokenizer", { tokenizer_class: "CamembertTokenizerFast" }],
])("%s, from %j: transformers' ids", async (name, config) => {
  const { size, mask, ids } = byClass[name]!;
  const tokenizer = await load("xlm-roberta", config);
  expect(tokenizer.vocabSize).toBe(size);
  expect(tokenizer.tokenOf(mask)).toBe("<mask>");
  for (const [i, text] of texts.entries()) {
    expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids[i]);
  }
  expect(tokenizer.decode(tokenizer.encode("the island"))).toBe("the island");
});

test("a file that does not begin as SentencePiece's do is named", async () => {
  await expect(load("unigram", {})).rejects.toThrow(
    /sentencepiece\.bpe\.model as a SentencePiece model: its first pieces are <pad>,<\/s>,<unk>, expected <unk>,<s>,<\/s>/,
  );
});
