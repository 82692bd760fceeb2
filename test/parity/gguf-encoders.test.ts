// The tiny encoders written as GGUF files, as llama.cpp's converter writes them: hidden states must be transformers' golden ones, which are
// of the folders, and vectors those that the folder gives.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LLM } from "@octavo/engine";
import { createBackend } from "@octavo/kernels-cpu";
import { openModel } from "@octavo/models";
import { afterAll, describe, expect, test } from "vitest";
import { ENCODER_RECIPES } from "./gguf/encoder-recipes.js";
import type { AnyConfig } from "./gguf/recipes.js";
import { wordPieceKeys } from "./gguf/word-piece-keys.js";
import { writeGguf } from "./gguf/write-gguf.js";
import { goldenEncoder, largestGap } from "./golden-encoders.js";
import { encode } from "./run-encoder.js";

const TOLERANCE = 1e-3;

const folder = mkdtempSync(join(tmpdir(), "octavo-gguf-encoders-"));
afterAll(() => rmSync(folder, { recursive: true }));

const written = ENCODER_RECIPES.flatMap((recipe) => recipe.models.map((name) => [name, recipe] as const));

describe.each(written)("%s", (name, recipe) => {
  const golden = goldenEncoder(name);
  const source = openModel(golden.folder);
  const file = () => {
    const path = join(folder, `${name}.gguf`);
    if (!existsSync(path)) writeGguf(recipe, source.config as AnyConfig, golden.folder, path, "plain");
    return path;
  };

  test("the golden hidden states", () => {
    using backend = createBackend({ numThreads: 1 });
    const prompts = golden.cases.map(({ prompt }) => prompt);
    const found = encode(file(), backend, prompts);
    for (const [i, { hidden, name: of }] of golden.cases.entries()) {
      expect(largestGap(found[i]!, hidden), of).toBeLessThan(TOLERANCE);
    }
  });

  test.runIf(golden.texts.length > 0)("texts by the file's tokenizer: sentence-transformers' embeddings", async () => {
    const path = join(folder, `${name}-texts.gguf`);
    const metadata = wordPieceKeys(golden.folder, source.config.vocabSize);
    writeGguf({ ...recipe, metadata }, source.config as AnyConfig, golden.folder, path, "plain");
    await using llm = await LLM.load(path, { device: "cpu", dtype: "float32" });
    const { maxSeqLength = -1 } = source.pooling()!;
    const options = { truncatePromptTokens: maxSeqLength };
    for (const [i, { embedding }] of (
      await llm.embed(
        golden.texts.map(({ text }) => text),
        options,
      )
    ).entries()) {
      expect(largestGap(embedding, golden.texts[i]!.embedding), golden.texts[i]!.text).toBeLessThan(TOLERANCE);
    }
  });

  test("the folder's sizes and pooling", () => {
    const { config, pooling } = openModel(file());
    const { vocabSize, numLayers, numHeads, windows, intermediateSize } = source.config;
    expect(config).toMatchObject({ vocabSize, numLayers, numHeads, windows, intermediateSize });
    const wanted = source.pooling();
    if (wanted !== null) expect(pooling()).toEqual({ type: wanted.type, normalize: true });
  });
});
