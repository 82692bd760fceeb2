import { expect, test } from "vitest";
import { checkOptions } from "./check-options.js";
import type { EngineOptions } from "./engine-options.js";

test.each<[string, object, RegExp]>([
  ["gpu_memory_utilization", { gpuMemoryUtilization: "0.5" }, /a number, got "0\.5"/],
  ["gpu_memory_utilization", { gpuMemoryUtilization: 90 }, /at most 1, got 90/],
  ["gpu_memory_utilization", { gpuMemoryUtilization: Number.NaN }, /got NaN/],
  ["max_model_len", { maxModelLen: null }, /a number or a string, got null/],
  ["enforce_eager", { enforceEager: "no" }, /a boolean, got "no"/],
  ["skip_tokenizer_init", { skipTokenizerInit: "false" }, /a boolean, got "false"/],
  ["batch_invariant", { batchInvariant: 1 }, /a boolean, got 1/],
  ["load_format", { loadFormat: 3 }, /a string, got 3/],
  ["kv_cache_memory_bytes", { kvCacheMemoryBytes: 0.5 }, /a whole number from 1/],
  ["device", { device: {} }, /a string, got an object/],
  [
    "long_prefill_token_threshold",
    { enableChunkedPrefill: false, longPrefillTokenThreshold: 9 },
    /needs enable_chunked/,
  ],
  ["seed", { seed: 1.5 }, /must be an integer/],
  ["seed", { seed: "7" }, /a number or a bigint, got "7"/],
  ["stream_interval", { streamInterval: 0 }, /a whole number from 1 to 1024/],
  ["generation_config", { generationConfig: "/nowhere" }, /auto, vllm or a folder with a generation_config.json/],
  ["override_generation_config.top_p", { overrideGenerationConfig: { topP: 2 } }, /_config\.top_p must be between/],
  ["override_generation_config.max_new_tokens", { overrideGenerationConfig: { maxNewTokens: 0 } }, /of at least 1/],
  ["top_p", { overrideGenerationConfig: { top_p: 1 } }, /write topP/],
  ["enforceeager", { enforceeager: true }, /unknown engine option "enforceeager"/],
  ["enforce_eager", { enforce_eager: true }, /write enforceEager/],
])("before anything is loaded a bad %s is refused: %j", (param, options, message) => {
  const check = () => checkOptions(options as EngineOptions);
  expect(check).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT", param }));
  expect(check).toThrowError(message);
});

test("options that are left out, or undefined, have their defaults", () => {
  expect(() => checkOptions({})).not.toThrow();
  expect(() => checkOptions({ maxModelLen: "auto", gpuMemoryUtilization: 1, thread: undefined })).not.toThrow();
});
