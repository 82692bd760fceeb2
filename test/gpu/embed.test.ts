// Embeddings on the GPU: golden ones, the CPU's, and vectors that depend on nothing but the prompt.
import { type EngineOptions, LLM } from "@octavo/engine";
import { describe, expect, test } from "vitest";
import { goldenEncoders, largestGap } from "../parity/golden-encoders.js";
import { skipReason } from "./gpu.js";

const BASE: EngineOptions = { device: "cuda", skipTokenizerInit: true, thread: false, maxModelLen: 150 };
const models = goldenEncoders().map((model) => [model.name, model] as const);

async function embed(folder: string, prompts: readonly (readonly number[])[], options: EngineOptions) {
  await using llm = await LLM.load(folder, { ...BASE, ...options });
  return (await llm.embed(prompts)).map(({ embedding }) => embedding);
}

describe.skipIf(skipReason).each(models)("%s", (_, { folder, cases }) => {
  const prompts = cases.map(({ prompt }) => prompt);

  test("float32: transformers' embeddings", async () => {
    const found = await embed(folder, prompts, { dtype: "float32" });
    const gaps = found.map((embedding, i) => largestGap(embedding, cases[i]!.embedding));
    for (const gap of gaps) expect(gap, `distances ${gaps}`).toBeLessThan(1e-3);
  });

  test.each([
    ["float16", 1e-2],
    ["bfloat16", 8e-2],
  ] as const)("%s: the CPU's embeddings", async (dtype, tolerance) => {
    const found = await embed(folder, prompts, { dtype });
    const expected = await embed(folder, prompts, { dtype, device: "cpu" });
    const gaps = found.map((embedding, i) => largestGap(embedding, expected[i]!));
    for (const gap of gaps) expect(gap, `distances ${gaps}`).toBeLessThan(tolerance);
  });

  test("alone and in a batch: the same bits under batch invariance", async () => {
    const options: EngineOptions = { dtype: "bfloat16", batchInvariant: true };
    const together = await embed(folder, prompts, options);
    for (const [i, prompt] of prompts.entries()) {
      expect((await embed(folder, [prompt], options))[0], cases[i]!.name).toEqual(together[i]);
    }
  });
});
