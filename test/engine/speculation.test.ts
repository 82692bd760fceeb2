// Speculative decoding through the offline API: what users see is what they see without it.
import { LLM, type SamplingParams, type SpeculativeConfig } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const OPTIONS = { device: "cpu", maxNumSeqs: 8, maxModelLen: 256 } as const;
const PROMPT = "Once upon a time there was a little";
const fixture = (name: string) => new URL(`../fixtures/models/${name}`, import.meta.url).pathname;

const CONFIGS: readonly SpeculativeConfig[] = [
  { method: "ngram", numSpeculativeTokens: 5, promptLookupMin: 1, promptLookupMax: 3, adaptive: false },
  { method: "suffix", numSpeculativeTokens: 8, adaptive: false },
  { method: "draft_model", model: modelPath, numSpeculativeTokens: 3, adaptive: false },
  { method: "self", numLayers: 2, numSpeculativeTokens: 3, adaptive: false },
  { method: "suffix" },
];

let plain: LLM;
beforeAll(async () => {
  plain = await LLM.load(modelPath, OPTIONS);
});
afterAll(() => plain.dispose());

describe.each(CONFIGS)("%j", (speculativeConfig) => {
  let llm: LLM;
  beforeAll(async () => {
    llm = await LLM.load(modelPath, { ...OPTIONS, speculativeConfig });
    // Something to remember, and to copy.
    await llm.generate(PROMPT, { temperature: 0, maxTokens: 48 });
  });
  afterAll(() => llm.dispose());

  async function expectSame(params: SamplingParams) {
    const expected = await plain.generate(PROMPT, params);
    expect(await llm.generate(PROMPT, params)).toEqual({
      ...expected,
      numCachedTokens: expect.anything(),
    });
    return expected;
  }

  it("gives the same text, with the same logprobs of each token", async () => {
    const { tokenIds } = await expectSame({ temperature: 0, maxTokens: 48, logprobs: 3 });
    expect(tokenIds.length).toBeGreaterThan(30);
    await expectSame({ temperature: 1, seed: 5, maxTokens: 40, logprobs: 0, promptLogprobs: 1 });
  });

  it("ends at the same stop string, stop token and length", async () => {
    const { text, tokenIds } = await plain.generate(PROMPT, { temperature: 0, maxTokens: 40 });
    const byString = await expectSame({ temperature: 0, maxTokens: 40, stop: text.slice(20, 26) });
    expect(byString.finishReason).toBe("stop");
    const byToken = await expectSame({ temperature: 0, maxTokens: 40, stopTokenIds: [tokenIds[17]!] });
    expect(byToken.stopReason).toBe(tokenIds[17]);
    for (const maxTokens of [1, 2, 3, 7]) await expectSame({ temperature: 0, maxTokens });
  });

  it("counts drafts by position", async () => {
    const { numDrafts, numDraftTokens, numAcceptedTokens, numAcceptedTokensPerPos } = llm.stats;
    if (speculativeConfig.adaptive === false) expect(numDrafts).toBeGreaterThan(5);
    expect(numDraftTokens).toBeGreaterThanOrEqual(numDrafts);
    expect(numAcceptedTokensPerPos).toHaveLength(speculativeConfig.numSpeculativeTokens ?? 24);
    expect(numAcceptedTokensPerPos.reduce((a, b) => a + b)).toBe(numAcceptedTokens);
    expect(numAcceptedTokens).toBeLessThanOrEqual(numDraftTokens);
    if (speculativeConfig.method === "draft_model") expect(numAcceptedTokens / numDraftTokens).toBeGreaterThan(0.85);
  });
});

describe("refused when loading", () => {
  it.each<[SpeculativeConfig, string, string]>([
    [
      { method: "draft_model", model: fixture("llama-mha") },
      "speculative_config.model",
      "has a vocabulary of 288 tokens, the model has 4096",
    ],
    [{ method: "self", numLayers: 99 }, "speculative_config.num_layers", "num_layers is 99, the model has"],
  ])("%j", async (speculativeConfig, param, message) => {
    const error = expect.objectContaining({
      code: "INVALID_ARGUMENT",
      param,
      message: expect.stringContaining(message),
    });
    await expect(LLM.load(modelPath, { ...OPTIONS, thread: false, speculativeConfig })).rejects.toThrow(error);
  });
});
