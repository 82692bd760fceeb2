import { describe, expect, test } from "vitest";
import { checkOptions } from "../check-options.js";
import { resolveSpeculation, type SpeculativeConfig, speculativeConfigOf } from "./speculative-config.js";

test("vLLM's keys, and what is left out", () => {
  const given = { method: "ngram", num_speculative_tokens: 4, prompt_lookup_min: 2, prompt_lookup_max: 7 };
  expect(resolveSpeculation(speculativeConfigOf(given))).toMatchObject({
    method: "ngram",
    numSpeculativeTokens: 4,
    promptLookupMin: 2,
    promptLookupMax: 7,
  });
  expect(resolveSpeculation({ method: "ngram" })).toMatchObject({ promptLookupMin: 5, promptLookupMax: 5 });
  expect(resolveSpeculation({ method: "ngram", promptLookupMax: 3 })).toMatchObject({ promptLookupMin: 3 });
  expect(resolveSpeculation({ method: "ngram", promptLookupMin: 8 })).toMatchObject({ promptLookupMax: 8 });
  expect(resolveSpeculation({ model: "small" })).toMatchObject({ method: "draft_model", numSpeculativeTokens: 4 });
  expect(resolveSpeculation({ method: "suffix", suffixDecodingMaxTreeDepth: 7 })).toMatchObject({
    numSpeculativeTokens: 7,
    suffixDecodingMinTokenProb: 0.1,
  });
});

describe("refused by name", () => {
  test.each<[object, string]>([
    [{}, "speculative_config.method must be ngram, suffix, draft_model, self, got undefined"],
    [{ method: "eagle" }, "speculative_config.method must be ngram"],
    [{ method: "ngram", lookup: 3 }, 'unknown key of speculative_config "lookup"'],
    [{ method: "ngram", prompt_lookup_max: 3 }, "write promptLookupMax"],
    [{ method: "ngram", model: "small" }, "speculative_config.model does not belong to method ngram"],
    [
      { method: "ngram", numSpeculativeTokens: 0 },
      "speculative_config.num_speculative_tokens must be a whole number from 1 to 64",
    ],
    [{ method: "ngram", numSpeculativeTokens: "4" }, "num_speculative_tokens must be a whole number"],
    [{ method: "ngram", promptLookupMin: 5, promptLookupMax: 4 }, "speculative_config.prompt_lookup_min is 5, above"],
    [
      { method: "suffix", suffixDecodingMinTokenProb: 2 },
      "speculative_config.suffix_decoding_min_token_prob must be from 0 to 1",
    ],
    [{ method: "draft_model" }, "speculative_config.model must name a folder or GGUF file"],
  ])("%j", (config, message) => {
    const error = expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) });
    expect(() => checkOptions({ speculativeConfig: config as SpeculativeConfig })).toThrow(error);
  });

  test("what is no object", () => {
    expect(() => speculativeConfigOf([])).toThrow("must be a JSON object");
    expect(() => checkOptions({ speculativeConfig: "ngram" as never })).toThrow("speculative_config must be");
  });
});
