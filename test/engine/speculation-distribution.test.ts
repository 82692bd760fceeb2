// Drafts change no token, and so no distribution; here the distribution is looked at by itself. Many requests that differ in their
// seed sample two tokens, the second one with a draft that is often wrong, and the counts must fit the model's own probabilities.
import { bytesOf, slice, type Tensor } from "@octavo/core";
import type { EngineOptions } from "@octavo/engine";
import {
  createStatsBuffer,
  encodeAdd,
  loadCore,
  OUTPUT_WORDS,
  readStats,
  resolveSamplingParams,
} from "@octavo/engine/core";
import { expect, test } from "vitest";

const folder = new URL("../fixtures/models/llama-gqa-tied", import.meta.url).pathname;
const OPTIONS: EngineOptions = { device: "cpu", dtype: "float32", maxModelLen: 64, maxNumSeqs: 64, numThreads: 2 };
const PROMPT = [7, 100, 23, 61, 5];
const TOP_K = 4;
const TEMPERATURE = 2;
const REQUESTS = 4000;
/** Chi-square with 15 degrees of freedom exceeds it once in a thousand times; the seeds are fixed. */
const LIMIT = 37.7;

/** Runs a request for each seed. @returns each one's tokens; the logits of the last sample; counts of drafts */
async function run(prompt: readonly number[], seeds: readonly number[], maxTokens: number, options: EngineOptions) {
  const stats = new Float64Array(createStatsBuffer());
  const { core, info } = await loadCore(folder, { ...OPTIONS, ...options }, stats);
  const tokens = seeds.map((): number[] => []);
  let logits = new Float32Array(info.vocabSize);
  try {
    core.observeSteps((_, t: Tensor | null) => {
      if (t) logits = new Float32Array(bytesOf(slice(t, 0, t.shape[0]! - 1, t.shape[0]!)).slice().buffer);
    });
    const { vocabSize, maxModelLen } = info;
    const context = { defaults: {}, vocabSize, maxModelLen, numPromptTokens: prompt.length };
    for (const [i, seed] of seeds.entries()) {
      const params = { temperature: TEMPERATURE, topK: TOP_K, maxTokens, seed };
      core.handle(encodeAdd(i + 1, Int32Array.from(prompt), resolveSamplingParams(params, context), []));
    }
    while (core.step()) {
      const words = core.outputs.take();
      for (let i = 0; i < words.length; i += OUTPUT_WORDS) tokens[words[i]! - 1]!.push(words[i + 1]!);
    }
  } finally {
    core.dispose();
  }
  return { tokens, logits, ...readStats(stats) };
}

/** Probabilities after a prompt, in plain arithmetic: the k largest logits over the temperature, as a softmax. */
async function probabilities(prompt: readonly number[]): Promise<Map<number, number>> {
  const { logits } = await run(prompt, [0], 1, {});
  const largest = Array.from(logits.entries())
    .sort((a, b) => b[1] - a[1])
    .slice(0, TOP_K);
  const weights = largest.map(([, logit]) => Math.exp((logit - largest[0]![1]) / TEMPERATURE));
  const total = weights.reduce((a, b) => a + b);
  return new Map(largest.map(([token], i) => [token, weights[i]! / total]));
}

test("counts of sampled pairs fit the probabilities of the model", async () => {
  const seeds = Array.from({ length: REQUESTS }, (_, i) => 1 + i);
  const speculativeConfig = { method: "self", numLayers: 1, numSpeculativeTokens: 2, adaptive: false } as const;
  const drafted = await run(PROMPT, seeds, 3, { speculativeConfig });
  // Both happen often, so that the test is about both.
  expect(drafted.numAcceptedTokens).toBeGreaterThan(REQUESTS / 20);
  expect(drafted.numDraftTokens - drafted.numAcceptedTokens).toBeGreaterThan(REQUESTS / 20);

  const counts = new Map<string, number>();
  for (const [first, second] of drafted.tokens) {
    const pair = `${first},${second}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  let chiSquare = 0;
  let pairs = 0;
  for (const [first, chance] of await probabilities(PROMPT)) {
    for (const [second, then] of await probabilities([...PROMPT, first])) {
      const expected = REQUESTS * chance * then;
      chiSquare += ((counts.get(`${first},${second}`) ?? 0) - expected) ** 2 / expected;
      pairs += counts.get(`${first},${second}`) ?? 0;
    }
  }
  expect(pairs).toBe(REQUESTS);
  expect(chiSquare).toBeLessThan(LIMIT);

  const plain = await run(PROMPT, seeds, 3, {});
  expect(drafted.tokens).toEqual(plain.tokens);
});
