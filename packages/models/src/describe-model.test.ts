import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { modelFolder, TINY_CONFIG } from "../test-support/model-folder.js";
import { describeModel, kvBytesOfContext, kvBytesPerToken } from "./describe-model.js";

const POCKET = fileURLToPath(new URL("../../model-pocket", import.meta.url));

test("Pocket, from its headers", () => {
  const { config, tensors, weightBytes, problems } = describeModel(POCKET);
  expect(problems).toEqual([]);
  expect(config!.architecture).toBe("LlamaForCausalLM");
  const elements = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  expect(elements).toBeGreaterThan(7e6);
  expect(weightBytes).toBe(2 * elements);
  expect(tensors[0]).toMatchObject({ dtype: "bfloat16", path: expect.stringMatching(/model\.safetensors$/) });
  const { numLayers, numKvHeads, headDim } = config!;
  expect(kvBytesPerToken(config!, "float32")).toBe(2 * numLayers * numKvHeads * headDim * 4);
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

test("what a request keeps: layers with a window no more than that", () => {
  const { config } = describeModel(POCKET);
  const perToken = kvBytesPerToken(config!, "float32");
  const half = config!.windows.map((_, layer) => (layer % 2 ? null : 100));
  expect(kvBytesOfContext(config!, "float32", 1000)).toBe(1000 * perToken);
  expect(kvBytesOfContext({ ...config!, windows: half }, "float32", 1000)).toBe(((1000 + 100) / 2) * perToken);
  expect(kvBytesOfContext({ ...config!, windows: half }, "float32", 100)).toBe(100 * perToken);
});
