import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { modelFolder, TINY_CONFIG } from "../test-support/model-folder.js";
import { readModelConfig } from "./open-model.js";

const read = (config: unknown, more: Record<string, unknown> = {}) =>
  readModelConfig(modelFolder({ "config.json": config, ...more }));
const fixtures = fileURLToPath(new URL("../../../test/fixtures/models/", import.meta.url));

describe.each(readdirSync(fixtures))("%s", (name) => {
  test("both dialects give the same config, with the end tokens in force", () => {
    const folder = join(fixtures, name);
    const other = modelFolder({});
    copyFileSync(join(folder, "config.alt.json"), join(other, "config.json"));
    copyFileSync(join(folder, "generation_config.json"), join(other, "generation_config.json"));
    const config = readModelConfig(folder);
    expect(readModelConfig(other)).toEqual(config);
    const { eosTokenIds, vocabSize, storedAs } = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8"));
    expect(config).toMatchObject({ eosTokenIds, vocabSize, dtype: storedAs });
  });
});

test("an old config gets Llama's defaults", () => {
  const {
    num_key_value_heads: _,
    max_position_embeddings: __,
    rms_norm_eps: ___,
    tie_word_embeddings: ____,
    ...old
  } = TINY_CONFIG;
  expect(read(old)).toEqual({
    architecture: "LlamaForCausalLM",
    activation: "silu",
    vocabSize: 16,
    hiddenSize: 8,
    intermediateSize: 12,
    numLayers: 1,
    numHeads: 2,
    numKvHeads: 2,
    headDim: 4,
    maxPositions: 2048,
    normEps: 1e-6,
    rope: { theta: 10000, rotaryDim: 4, scaling: { type: "default" } },
    windows: [null],
    tieWordEmbeddings: false,
    attentionBias: false,
    mlpBias: false,
    dtype: "float32",
    bosTokenId: 1,
    eosTokenIds: [2],
    quantization: null,
  });
});

test("fields as they stand", () => {
  const quantization_config = { quant_method: "fp8" };
  const more = {
    head_dim: 6,
    dtype: "bfloat16",
    bos_token_id: null,
    eos_token_id: [3, 4],
    attention_bias: true,
    mlp_bias: true,
  };
  const config = read({ ...TINY_CONFIG, ...more, quantization_config });
  expect(config).toMatchObject({
    headDim: 6,
    dtype: "bfloat16",
    eosTokenIds: [3, 4],
    attentionBias: true,
    mlpBias: true,
  });
  expect(config.quantization).toEqual(quantization_config);
});

test("an explicit head_dim frees hidden_size from being a multiple of the heads", () => {
  expect(read({ ...TINY_CONFIG, hidden_size: 9, head_dim: 4 }).hiddenSize).toBe(9);
});

test("no end token at all", () => {
  expect(read({ ...TINY_CONFIG, eos_token_id: null }).eosTokenIds).toEqual([]);
});

test("generation_config.json goes before config.json where it has the field", () => {
  const config = { ...TINY_CONFIG, eos_token_id: 7 };
  expect(read(config, { "generation_config.json": { eos_token_id: [5, 6] } }).eosTokenIds).toEqual([5, 6]);
  expect(read(config, { "generation_config.json": { temperature: 1 } }).eosTokenIds).toEqual([7]);
  expect(read(config, { "generation_config.json": { eos_token_id: null } }).eosTokenIds).toEqual([7]);
});

test.each([
  ["linear", {}, 128],
  ["dynamic", {}, 128],
  ["yarn", { original_max_position_embeddings: 16 }, 64],
  ["llama3", { original_max_position_embeddings: 16, low_freq_factor: 1, high_freq_factor: 4 }, 32],
])("%s scaling by 4 of 32 positions", (rope_type, more, positions) => {
  expect(read({ ...TINY_CONFIG, rope_scaling: { rope_type, factor: 4, ...more } }).maxPositions).toBe(positions);
});

test("Gemma 3's max_position_embeddings counts scaling already", () => {
  const config = { ...TINY_CONFIG, architectures: ["Gemma3ForCausalLM"], hidden_activation: "gelu_pytorch_tanh" };
  const rope_scaling = { rope_type: "linear", factor: 4 };
  expect(read({ ...config, rope_scaling, sliding_window: 8 })).toMatchObject({
    maxPositions: 32,
    rope: { scaling: { type: "linear", factor: 4 } },
  });
});

test("Gemma 3 4B, whose text_config says little", () => {
  const text = { hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 34, sliding_window: 1024 };
  const rope_scaling = { factor: 8, rope_type: "linear" };
  const config = { architectures: ["Gemma3ForConditionalGeneration"], text_config: { ...text, rope_scaling } };
  expect(read({ ...config, torch_dtype: "bfloat16" })).toMatchObject({
    ...{ vocabSize: 262208, numHeads: 8, numKvHeads: 4, headDim: 256, maxPositions: 131072, dtype: "bfloat16" },
  });
});

const SIZES = [
  "vocab_size",
  "hidden_size",
  "intermediate_size",
  "num_hidden_layers",
  "num_attention_heads",
  "num_key_value_heads",
  "head_dim",
  "max_position_embeddings",
];
const ABSURD = [0, -4, 1.5, 1e12, 2 ** 60, "8", true, [8], {}];
const refused = (param: string) => expect.objectContaining({ code: "CHECKPOINT", param });

describe.each(SIZES)("%s", (field) => {
  test.each(ABSURD)("%j is refused", (value) => {
    expect(() => read({ ...TINY_CONFIG, [field]: value })).toThrow(refused(field));
  });
});

test.each(["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"])(
  "%s is required",
  (field) => {
    expect(() => read({ ...TINY_CONFIG, [field]: null })).toThrow(/is missing, expected a whole number from 1 to/);
  },
);

test.each([
  ["num_key_value_heads", { num_attention_heads: 4, num_key_value_heads: 3 }],
  ["hidden_size", { hidden_size: 9 }],
  ["head_dim", { head_dim: 3 }],
  ["rms_norm_eps", { rms_norm_eps: -1 }],
  ["rms_norm_eps", { rms_norm_eps: "1e-5" }],
  ["tie_word_embeddings", { tie_word_embeddings: "yes" }],
  ["attention_bias", { attention_bias: 1 }],
  ["mlp_bias", { mlp_bias: [] }],
  ["dtype", { dtype: "float8_e4m3fn" }],
  ["torch_dtype", { torch_dtype: 16 }],
  ["hidden_act", { hidden_act: 1 }],
  ["eos_token_id", { eos_token_id: "</s>" }],
  ["eos_token_id", { eos_token_id: [1, -1] }],
  ["bos_token_id", { bos_token_id: 0.5 }],
  ["architectures", { architectures: null }],
  ["architectures", { architectures: [] }],
  ["architectures", { architectures: "LlamaForCausalLM" }],
])("%s is refused: %j", (param, fields) => {
  expect(() => read({ ...TINY_CONFIG, ...fields })).toThrow(refused(param));
});

test("messages name the file, the field, what was found and what was expected", () => {
  const folder = modelFolder({ "config.json": { ...TINY_CONFIG, num_hidden_layers: -4 } });
  expect(() => readModelConfig(folder)).toThrow(
    `${join(folder, "config.json")}: field "num_hidden_layers" is -4, expected a whole number from 1 to 4096`,
  );
});

test("what Octavo lacks is said with what it has", () => {
  const unsupported = (fields: object) => () => read({ ...TINY_CONFIG, ...fields });
  expect(unsupported({ architectures: ["NobodyForCausalLM"] })).toThrow(
    expect.objectContaining({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/NobodyForCausalLM.*supports.*LlamaForCausalLM/),
    }),
  );
  expect(unsupported({ hidden_act: "xielu" })).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", param: "hidden_act" }),
  );
});

describe("files that are not a config", () => {
  test.each([
    ["", "not valid JSON"],
    ["{", "not valid JSON"],
    ['{"vocab_size": NaN}', "not valid JSON"],
    ["[1]", "expected an object"],
    ["null", "expected an object"],
    ["[".repeat(200_000), "not valid JSON"],
  ])("%#", (content, message) => {
    expect(() => read(content)).toThrow(message);
  });

  test("none at all", () => {
    const folder = modelFolder({});
    expect(existsSync(join(folder, "config.json"))).toBe(false);
    expect(() => readModelConfig(folder)).toThrow(/config\.json: the file does not exist/);
  });

  test("an inherited name is not a field", () => {
    expect(() => read('{"__proto__": {"architectures": ["LlamaForCausalLM"]}}')).toThrow(refused("architectures"));
  });
});

test.each([
  ["not JSON", "{", /not valid JSON .*Correct it, or download the file again/],
  ["not an object", "[]", /expected an object\. Correct it/],
  ["a git-lfs pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", /Run "git lfs pull"/],
])("%s: config.json and generation_config.json say what to do", (_, text, message) => {
  expect(() => read(text)).toThrow(message);
  expect(() => read(TINY_CONFIG, { "generation_config.json": text })).toThrow(message);
});

test("a folder in the place of config.json, and a wrong field", () => {
  expect(() => readModelConfig(modelFolder({ "config.json/x": "" }))).toThrow(/must be a file that this user may read/);
  expect(() => read({ ...TINY_CONFIG, vocab_size: 0 })).toThrow(/"vocab_size" is 0.*Correct it, or download/);
});
