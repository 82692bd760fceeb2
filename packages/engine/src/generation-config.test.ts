import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  checkGenerationConfig,
  generationConfigOf,
  resolveEndTokens,
  resolveGenerationDefaults,
} from "./generation-config.js";

const folder = mkdtempSync(join(tmpdir(), "octavo-generation-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (config: object) => writeFileSync(join(folder, "generation_config.json"), JSON.stringify(config));

const model = { generationDefaults: () => ({ temperature: 0.7, topK: 40 }) };

test("defaults come from the model, from nowhere or from a folder, and single ones from the option", () => {
  write({ temperature: 0.2, min_p: 0.1, eos_token_id: [7, 8] });
  const overrideGenerationConfig = { temperature: 0.5, maxNewTokens: 9 };
  const resolve = (options: object) => resolveGenerationDefaults(options, model);
  expect(resolve({})).toEqual({ temperature: 0.7, topK: 40 });
  expect(resolve({ overrideGenerationConfig })).toEqual({ temperature: 0.5, topK: 40, maxNewTokens: 9 });
  expect(resolve({ generationConfig: "vllm" })).toEqual({});
  expect(resolve({ generationConfig: "vllm", overrideGenerationConfig })).toEqual(overrideGenerationConfig);
  expect(resolve({ generationConfig: folder })).toEqual({ temperature: 0.2, minP: 0.1 });
});

test("end tokens are the model's, unless a folder names its own", () => {
  write({ eos_token_id: [7, 8] });
  expect(resolveEndTokens({}, [1])).toEqual([1]);
  expect(resolveEndTokens({ generationConfig: "vllm" }, [1])).toEqual([1]);
  expect(resolveEndTokens({ generationConfig: folder }, [1])).toEqual([7, 8]);
  write({});
  expect(resolveEndTokens({ generationConfig: folder }, [1])).toEqual([1]);
});

test("a folder's file is checked before a model is loaded", () => {
  write({ temperature: "hot" });
  expect(() => checkGenerationConfig({ generationConfig: folder })).toThrow(
    expect.objectContaining({ code: "CHECKPOINT", param: "temperature" }),
  );
});

test("JSON has generation_config.json's keys", () => {
  const json = { temperature: 0, top_p: 0.9, top_k: -1, min_p: 0.1, repetition_penalty: 1.1, max_new_tokens: 5 };
  expect(generationConfigOf(json)).toEqual({
    temperature: 0,
    topP: 0.9,
    topK: -1,
    minP: 0.1,
    repetitionPenalty: 1.1,
    maxNewTokens: 5,
  });
  expect(() => generationConfigOf({ do_sample: true })).toThrow(/has no key "do_sample": known are temperature, top_p/);
  expect(() => generationConfigOf([])).toThrow(/must be a JSON object/);
  expect(() => generationConfigOf({ temperature: -1 })).toThrow(/override_generation_config.temperature must be/);
});
