import { describe, expect, it } from "vitest";
import { resolveSamplingParams, type SamplingParams } from "./sampling-params.js";

const context = { defaults: {}, vocabSize: 100, maxModelLen: 64, numPromptTokens: 10 };
const resolve = (params: SamplingParams, overrides = {}) => resolveSamplingParams(params, { ...context, ...overrides });

describe("resolveSamplingParams", () => {
  it("has vLLM's defaults", () => {
    expect(resolve({})).toMatchObject({
      maxTokens: 16,
      temperature: 1,
      topP: 1,
      topK: 0,
      minP: 0,
      stop: [],
      ignoreEos: false,
    });
  });

  it("prefers what the user gives, then the model's generation defaults", () => {
    const defaults = { temperature: 0.7, minP: 0.05, topK: 40 };
    expect(resolve({ topK: 3 }, { defaults })).toMatchObject({ temperature: 0.7, minP: 0.05, topK: 3 });
    expect(resolve({ temperature: 0 }, { defaults }).temperature).toBe(0);
  });

  it("bounds max_tokens by the context, and by the model's own limit", () => {
    expect(resolve({ maxTokens: null }).maxTokens).toBe(54);
    expect(resolve({ maxTokens: 1000 }).maxTokens).toBe(54);
    expect(resolve({ maxTokens: 50 }, { defaults: { maxNewTokens: 20 } }).maxTokens).toBe(20);
  });

  it("reads -1, 0 and more than the vocabulary as all tokens", () => {
    for (const topK of [-1, 0, 100, 1e6]) expect(resolve({ topK }).topK).toBe(0);
  });

  it("draws another seed each time unless one is given", () => {
    expect(resolve({}).seed).not.toBe(resolve({}).seed);
    expect(resolve({ seed: -3 }).seed).toBe(-3);
  });

  it.each<[string, SamplingParams]>([
    ["max_tokens", { maxTokens: 0 }],
    ["max_tokens", { maxTokens: 1.5 }],
    ["temperature", { temperature: -0.1 }],
    ["temperature", { temperature: Number.NaN }],
    ["temperature", { temperature: Number.POSITIVE_INFINITY }],
    ["top_p", { topP: 0 }],
    ["top_p", { topP: 1.1 }],
    ["top_k", { topK: -2 }],
    ["min_p", { minP: -1 }],
    ["seed", { seed: 2 ** 60 }],
    ["stop", { stop: "" }],
    ["stop", { stop: Array.from({ length: 17 }, () => "a") }],
    ["stop", { stop: 5 as unknown as string }],
    ["stop_token_ids", { stopTokenIds: [100] }],
    ["stop_token_ids", { stopTokenIds: 5 as unknown as number[] }],
    ["max_tokens", { max_tokens: 3 } as SamplingParams],
    ["best_of", { best_of: 2 } as SamplingParams],
    ["logprobs", { logprobs: 21 }],
    ["logprobs", { logprobs: -1 }],
    ["logprobs", { logprobs: -2 }],
    ["logprobs", { logprobs: 0.5 }],
    ["logprobs", { logprobs: true as unknown as number }],
    ["prompt_logprobs", { promptLogprobs: 21 }],
    ["prompt_logprobs", { promptLogprobs: -1 }],
  ])("names a bad %s", (param, params) => {
    expect(() => resolve(params)).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT", param }));
  });
});
