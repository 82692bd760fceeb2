import { describe, expect, it, vi } from "vitest";
import { seedsFrom } from "./resolve-seed.js";
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
    expect(resolve({ seed: -1 }).seed).not.toBe(resolve({ seed: -1 }).seed);
  });

  it("takes the engine's seeds and chunks where a request has none", () => {
    const draw = (seed: number | bigint | undefined) => {
      const nextSeed = seedsFrom(seed);
      return Array.from({ length: 100 }, () => resolve({}, { nextSeed }).seed);
    };
    expect(draw(5)).toEqual(draw(5n));
    expect(new Set(draw(5)).size).toBe(100);
    expect(draw(6)).not.toEqual(draw(5));
    expect(draw(5n + 2n ** 40n)).not.toEqual(draw(5));
    for (const none of [undefined, -1, -1n]) expect(draw(none)).not.toEqual(draw(none));
    expect(resolve({ seed: 3 }, { nextSeed: seedsFrom(5) }).seed).toBe(3);
    expect(resolve({}, { streamInterval: 4 }).streamInterval).toBe(4);
    expect(resolve({ streamInterval: 1 }, { streamInterval: 4 }).streamInterval).toBe(1);
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
    ["seed", { seed: 2n ** 63n }],
    ["seed", { seed: "5" as unknown as number }],
    ["stop", { stop: "" }],
    ["stop", { stop: Array.from({ length: 17 }, () => "a") }],
    ["stop", { stop: 5 as unknown as string }],
    ["stop_token_ids", { stopTokenIds: [100] }],
    ["stop_token_ids", { stopTokenIds: 5 as unknown as number[] }],
    ["max_tokens", { max_tokens: 3 } as SamplingParams],
    ["bestof", { bestof: 2 } as SamplingParams],
    ["logprobs", { logprobs: 21 }],
    ["logprobs", { logprobs: -1 }],
    ["logprobs", { logprobs: -2 }],
    ["logprobs", { logprobs: 0.5 }],
    ["logprobs", { logprobs: true as unknown as number }],
    ["repetition_detection.max_pattern_size", { repetitionDetection: { maxPatternSize: -1 } }],
    ["repetition_detection.max_pattern_size", { repetitionDetection: { maxPatternSize: 1025, minCount: 2 } }],
    [
      "repetition_detection.min_pattern_size",
      { repetitionDetection: { maxPatternSize: 2, minPatternSize: 3, minCount: 2 } },
    ],
    ["repetition_detection.min_count", { repetitionDetection: { maxPatternSize: 2, minCount: 1 } }],
    ["repetition_detection", { repetitionDetection: 5 as unknown as object }],
    ["stream_interval", { streamInterval: 0 }],
    ["stream_interval", { streamInterval: 1.5 }],
    ["logprob_token_ids", { logprobTokenIds: [100] }],
    ["logprob_token_ids", { logprobTokenIds: Array.from({ length: 129 }, () => 1) }],
    ["logprob_token_ids", { logprobTokenIds: [1, 2], logprobs: 3 }],
    ["prompt_logprobs", { promptLogprobs: 21 }],
    ["prompt_logprobs", { promptLogprobs: -1 }],
    ["min_tokens", { minTokens: -1 }],
    ["min_tokens", { minTokens: 9, maxTokens: 8 }],
    ["repetition_penalty", { repetitionPenalty: 0 }],
    ["presence_penalty", { presencePenalty: 2.1 }],
    ["frequency_penalty", { frequencyPenalty: -2.1 }],
    ["logit_bias", { logitBias: { 100: 1 } }],
    ["logit_bias", { logitBias: { "-1": 1 } }],
    ["logit_bias", { logitBias: { a: 1 } as unknown as Record<number, number> }],
    ["logit_bias", { logitBias: { 1: "2" as unknown as number } }],
    ["allowed_token_ids", { allowedTokenIds: [] }],
    ["allowed_token_ids", { allowedTokenIds: [100] }],
    ["bad_words", { badWords: [""] }],
    ["bad_words", { badWords: "a" as unknown as string[] }],
    ["bad_words", { badWords: ["a".repeat(257)] }],
    ["vllm_xargs", { extraArgs: [] as unknown as Record<string, unknown> }],
    ["vllm_xargs", { extraArgs: { big: 5n } }],
    ["ignore_eos", { ignoreEos: "no" as unknown as boolean }],
    ["skip_special_tokens", { skipSpecialTokens: 0 as unknown as boolean }],
  ])("names a bad %s", (param, params) => {
    expect(() => resolve(params)).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT", param }));
  });

  it("shows text in quotes, so that it does not look like the number it should be", () => {
    expect(() => resolve({ maxTokens: "4" as unknown as number })).toThrowError(/whole number .*, got "4"$/);
    expect(() => resolve({ topP: "1" as unknown as number })).toThrowError(/got "1"$/);
  });

  it("raises temperatures that are neither 0 nor 0.01, and says so once", () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    expect([0, 1e-7, 0.009, 0.01, 0.02].map((temperature) => resolve({ temperature }).temperature)).toEqual([
      0, 0.01, 0.01, 0.01, 0.02,
    ]);
    expect(warned).toHaveBeenCalledTimes(1);
  });

  it("looks for circles as vLLM does: off without a size, patterns of one token from 0 on, not before min_tokens", () => {
    expect(resolve({ repetitionDetection: {} }).repetition).toBeUndefined();
    expect(resolve({ repetitionDetection: null }).repetition).toBeUndefined();
    const repetitionDetection = { maxPatternSize: 4, minCount: 3 };
    const bare = Object.assign(Object.create(null), repetitionDetection);
    expect(resolve({ repetitionDetection: bare }).repetition).toEqual(resolve({ repetitionDetection }).repetition);
    const expected = { maxPatternSize: 4, minPatternSize: 1, minCount: 3, minTokens: 6 };
    expect(resolve({ repetitionDetection, minTokens: 6 }).repetition).toEqual(expected);
  });

  it("takes named tokens whatever the engine shows, and their number as logprobs", () => {
    const logprobTokenIds = Array.from({ length: 128 }, (_, i) => i % 100);
    for (const logprobs of [undefined, null, 128]) {
      const params = { logprobTokenIds, ...(logprobs !== undefined && { logprobs }) };
      expect(resolve(params)).toMatchObject({ logprobs: 0, logprobTokenIds });
    }
    expect(resolve({ logprobTokenIds: [], logprobs: 3 })).toMatchObject({ logprobs: 3, logprobTokenIds: [] });
    expect(resolve({ logprobTokenIds: null }).logprobs).toBe(-1);
  });

  it("reads -1 logprobs as the vocabulary where the engine shows that many", () => {
    expect(resolve({ logprobs: -1, promptLogprobs: 0 }, { maxLogprobs: 100 })).toMatchObject({
      logprobs: 100,
      promptLogprobs: 0,
    });
    expect(() => resolve({ logprobs: -1 })).toThrowError(/whole vocabulary, 100, .*at most 20.*max_logprobs/);
  });

  it("takes the repetition penalty of the model's generation defaults", () => {
    const defaults = { repetitionPenalty: 1.1 };
    expect(resolve({}, { defaults })).toMatchObject({ repetitionPenalty: 1.1, needsHistory: true });
    expect(resolve({ repetitionPenalty: 1 }, { defaults })).toMatchObject({
      repetitionPenalty: 1,
      needsHistory: false,
    });
  });

  it("allows each token once; all of them is no limit", () => {
    expect(resolve({ allowedTokenIds: [5, 3, 5] }).allowedTokenIds).toEqual([5, 3]);
    expect(resolve({ allowedTokenIds: Array.from({ length: 100 }, (_, i) => i) }).allowedTokenIds).toEqual([]);
    expect(resolve({ allowedTokenIds: null }).allowedTokenIds).toEqual([]);
  });
});

describe("edits of logits", () => {
  const ALWAYS = 2 ** 31 - 1;
  /** [token, bias, until, ...tokens before] of each. */
  function editsOf(params: SamplingParams, overrides = {}): number[][] {
    const { logitEdits: words } = resolve(params, overrides);
    const floats = new Float32Array(words.buffer);
    const edits: number[][] = [];
    for (let at = 0; at < words.length; at += words[at]!) {
      edits.push([words[at + 1]!, floats[at + 2]!, ...words.subarray(at + 3, at + words[at]!)]);
    }
    return edits;
  }
  /** One token a letter; a space makes its own token, or one with the first letter where that is upper case, or with "QQ". */
  const tokenizer = () => ({
    encode: (text: string) =>
      Int32Array.from(
        text.replace(" QQ", "q").replace(/ [A-Z]/g, (c) => c[1]!.toLowerCase()),
        (c) => c.charCodeAt(0) - 32,
      ),
  });

  it("are logit_bias, clamped as OpenAI's range is", () => {
    expect(editsOf({ logitBias: { 7: 1.5, 3: -300, 9: 300 } })).toEqual([
      [3, -100, ALWAYS],
      [7, 1.5, ALWAYS],
      [9, 100, ALWAYS],
    ]);
  });

  it("ban end tokens and stop tokens before min_tokens, whatever ignoreEos says", () => {
    const params = { minTokens: 3, stopTokenIds: [8, 2], ignoreEos: true };
    expect(editsOf(params, { endTokenIds: [2, 4] })).toEqual([8, 2, 4].map((id) => [id, Number.NEGATIVE_INFINITY, 13]));
    expect(resolve(params).needsHistory).toBe(false);
    expect(editsOf({ stopTokenIds: [8] }, { endTokenIds: [2] })).toEqual([]);
  });

  it("ban bad words, alone and after a space, where the second does not end with the first", () => {
    const ban = Number.NEGATIVE_INFINITY;
    const [a, b] = [65 - 32, 66 - 32];
    expect(editsOf({ badWords: ["A"] }, { tokenizer })).toEqual([
      [a, ban, ALWAYS],
      [a + 32, ban, ALWAYS],
    ]);
    expect(editsOf({ badWords: [" AB"] }, { tokenizer })).toEqual([
      [b, ban, ALWAYS, a],
      [b, ban, ALWAYS, a + 32],
    ]);
    expect(editsOf({ badWords: ["a"] }, { tokenizer })).toEqual([[a + 32, ban, ALWAYS]]);
    expect(editsOf({ badWords: ["QQ"] }, { tokenizer })).toEqual([
      [a + 16, ban, ALWAYS, a + 16],
      [a + 48, ban, ALWAYS],
    ]);
    expect(resolve({ badWords: ["AB"] }, { tokenizer }).needsHistory).toBe(true);
    expect(resolve({ badWords: ["A"] }, { tokenizer }).needsHistory).toBe(false);
  });

  it("of the same bad words are made once for all choices, and anew for other ones", () => {
    const shared = tokenizer();
    const encode = vi.spyOn(shared, "encode");
    const badWords = ["A", "AB"];
    const of = (words: string[], own = shared) => editsOf({ badWords: words }, { tokenizer: () => own });
    const first = of(badWords);
    expect(encode).toHaveBeenCalledTimes(4);
    expect(of([...badWords])).toEqual(first);
    expect(encode).toHaveBeenCalledTimes(4);
    badWords[0] = "B";
    expect(of(badWords)).not.toEqual(first);
    expect(encode).toHaveBeenCalledTimes(8);
    expect(of(badWords, tokenizer())).toEqual(of(badWords));
  });

  it("have limits that the error names", () => {
    const vocabSize = 5000;
    const logitBias = Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [i, 1]));
    expect(() => resolve({ logitBias }, { vocabSize })).toThrowError(
      expect.objectContaining({ param: "logit_bias", message: expect.stringMatching(/4100 words, at most 4096/) }),
    );
    delete logitBias[0];
    expect(editsOf({ logitBias }, { vocabSize })).toHaveLength(1024);
    expect(() => resolve({ logitBias, minTokens: 2, stopTokenIds: [1] }, { vocabSize })).toThrowError(/min_tokens/);
    expect(editsOf({ badWords: ["a".repeat(32)] }, { tokenizer })[0]).toHaveLength(3 + 31);
    expect(() => resolve({ badWords: ["a".repeat(33)] }, { tokenizer })).toThrowError(
      expect.objectContaining({ param: "bad_words", message: expect.stringMatching(/33 tokens, at most 32/) }),
    );
    expect(() => resolve({ badWords: ["é"] }, { tokenizer })).toThrowError(/no tokens that the model can generate/);
  });
});
