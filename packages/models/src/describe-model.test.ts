import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { modelFolder, safetensors, TINY_CONFIG } from "../test-support/model-folder.js";
import { describeModel } from "./describe-model.js";

const POCKET = fileURLToPath(new URL("../../model-pocket", import.meta.url));

test("Pocket, from its headers", () => {
  const { config, tensors, weightBytes, problems } = describeModel(POCKET);
  expect(problems).toEqual([]);
  expect(config!.architecture).toBe("LlamaForCausalLM");
  const elements = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  expect(elements).toBeGreaterThan(7e6);
  expect(weightBytes).toBe(2 * elements);
  expect(tensors[0]).toMatchObject({ dtype: "bfloat16", path: expect.stringMatching(/model\.safetensors$/) });
});

test("a folder that is no model", () => {
  expect(() => describeModel("/nonexistent-model")).toThrow(/does not exist/);
});

test("the containers that a folder has", () => {
  expect(describeModel(POCKET).formats).toEqual(["safetensors"]);
  const gguf = fileURLToPath(new URL("../../../test/fixtures/gguf/tiny.gguf", import.meta.url));
  expect(describeModel(gguf)).toMatchObject({ formats: ["gguf"], problems: [] });
  const bin = modelFolder({
    "config.json": TINY_CONFIG,
    "pytorch_model.bin": readFileSync(new URL("../../../test/fixtures/pickle/llama.bin", import.meta.url)),
  });
  expect(describeModel(bin)).toMatchObject({ formats: ["pt"], problems: [] });
  expect(describeModel(bin).tensors).toContainEqual({
    ...{ name: "model.layers.0.mlp.down_proj.weight", dtype: "float32", shape: [8, 12], byteLength: 384 },
    path: expect.stringMatching(/pytorch_model\.bin$/),
  });
});

describe("tensors that do not fit the config", () => {
  const tensors = {
    "model.embed_tokens.weight": [16, 8],
    "model.norm.weight": [8],
    "model.layers.0.input_layernorm.weight": [8],
  };
  const config = { ...TINY_CONFIG, vocab_size: 16, hidden_size: 8, tie_word_embeddings: true };
  const problemsOf = (shapes: Readonly<Record<string, readonly number[]>>, changes: object = {}) =>
    describeModel(modelFolder({ "config.json": { ...config, ...changes }, "model.safetensors": safetensors(shapes) }))
      .problems;

  test("one is missing", () => {
    expect(problemsOf(tensors)).toEqual([
      expect.stringMatching(/^tensor model\.layers\.0\.\S+ is missing from .*model\.safetensors/),
    ]);
  });

  test("one has another shape", () => {
    const message = /^tensor model\.embed_tokens\.weight in .* is float32 \[17,8\], expected .* \[16,8\]/;
    expect(problemsOf({ ...tensors, "model.embed_tokens.weight": [17, 8] })).toEqual([expect.stringMatching(message)]);
  });
});

test("a git-lfs pointer in place of the weights", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 269060552\n`;
  const { problems } = describeModel(modelFolder({ "config.json": TINY_CONFIG, "model.safetensors": pointer }));
  expect(problems).toEqual([expect.stringMatching(/git-lfs pointer.*git lfs pull/)]);
});
