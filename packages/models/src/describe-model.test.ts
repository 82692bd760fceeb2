import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { modelFolder, TINY_CONFIG } from "../test-support/model-folder.js";
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
