// Captured graphs compute what their ops compute one by one, bit for bit, in the default mode too: both run on padded shapes. Some
// requests edit their logits, so that steps of either kind are captured.
import { type EngineOptions, type EngineStats, LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { describe, expect, test } from "vitest";
import { skipReason } from "./gpu.js";

const prompts = Array.from({ length: 21 }, (_, i) =>
  Array.from({ length: 3 + 7 * i }, (_, t) => 5 + ((t * 41 + i) % 4000)),
);

async function run(options: EngineOptions): Promise<{ tokens: number[][]; stats: EngineStats }> {
  await using llm = await LLM.load(modelPath, { device: "cuda", thread: false, maxModelLen: 256, ...options });
  // Requests end one after the other, so that many row counts and buckets occur.
  const outputs = await Promise.all(
    prompts.map((prompt, i) => {
      const edits = i < 15 && i % 4 === 1 ? { presencePenalty: 0.8, frequencyPenalty: 0.1, logitBias: { 300: 2 } } : {};
      const temperature = i % 3 === 0 ? 0 : 0.9;
      return llm.generate(prompt, { temperature, seed: i, maxTokens: 10 + 4 * i, ignoreEos: true, ...edits });
    }),
  );
  return { tokens: outputs.map(({ tokenIds }) => [...tokenIds]), stats: llm.stats };
}

describe.skipIf(skipReason)("graphs", () => {
  test.each([
    { dtype: "bfloat16" },
    { dtype: "float32" },
    { dtype: "bfloat16", batchInvariant: true },
    { dtype: "bfloat16", asyncScheduling: false },
    { dtype: "float16", maxNumBatchedTokens: 64, maxNumSeqs: 12 },
  ] as const)("equal eager steps: %j", async (options) => {
    const eager = await run({ ...options, enforceEager: true });
    const graphs = await run(options);
    expect(graphs.tokens).toEqual(eager.tokens);
    expect(eager.stats.numGraphs).toBe(0);
    expect(graphs.stats.numGraphs).toBeGreaterThan(3);
    expect(graphs.stats.kvBlocksUsed).toBe(0);
  });
});
