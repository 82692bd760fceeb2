import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeModel, kvBytesPerToken } from "./describe-model.js";

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
