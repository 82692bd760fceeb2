import { expect, test } from "vitest";
import { modelFolder } from "../test-support/model-folder.js";
import { readGenerationDefaults } from "./generation-config.js";

const read = (config: unknown) => readGenerationDefaults(modelFolder({ "generation_config.json": config }));

test("no file, no defaults", () => {
  expect(readGenerationDefaults(modelFolder({}))).toEqual({});
});

test("known fields under Octavo's names; the rest and nulls are ignored", () => {
  const config = { temperature: 0.7, top_p: 0.9, top_k: 50, min_p: 0.05, repetition_penalty: 1.1, max_new_tokens: 64 };
  expect(read({ ...config, do_sample: false, num_beams: 4 })).toEqual({
    temperature: 0.7,
    topP: 0.9,
    topK: 50,
    minP: 0.05,
    repetitionPenalty: 1.1,
    maxNewTokens: 64,
  });
  expect(read({ temperature: null, top_k: -1 })).toEqual({ topK: 0 });
});

test.each([
  ["temperature", -1],
  ["temperature", "hot"],
  ["top_p", 0],
  ["top_p", 1.5],
  ["top_k", 2.5],
  ["top_k", -2],
  ["min_p", 2],
  ["repetition_penalty", 0],
  ["max_new_tokens", 0],
  ["max_new_tokens", 1e12],
])("%s: %j is refused", (param, value) => {
  expect(() => read({ [param]: value })).toThrow(expect.objectContaining({ code: "CHECKPOINT", param }));
});
