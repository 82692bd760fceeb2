// Granite 4, beside what the fixture of one with rotation proves.
import { expect, test } from "vitest";
import { modelFolder, TINY_CONFIG } from "../../test-support/model-folder.js";
import { readModelConfig } from "../open-model.js";

const HYBRID = {
  ...TINY_CONFIG,
  architectures: ["GraniteMoeHybridForCausalLM"],
  num_local_experts: 0,
  num_experts_per_tok: 0,
  shared_intermediate_size: 12,
};
const configOf = (fields: object) => readModelConfig(modelFolder({ "config.json": { ...HYBRID, ...fields } }));

test("Mamba layers are refused", () => {
  const refusal = expect.objectContaining({ code: "UNSUPPORTED", param: "layer_types" });
  expect(() => configOf({ layer_types: ["mamba"] })).toThrow(refusal);
  expect(() => configOf({})).toThrow(refusal);
});

test("positions rotate where the config says so", () => {
  const layer_types = ["attention"];
  expect(configOf({ layer_types }).rope).toBeNull();
  expect(configOf({ layer_types, position_embedding_type: "nope" }).rope).toBeNull();
  expect(configOf({ layer_types, position_embedding_type: "rope" }).rope).toMatchObject({ theta: 10000 });
});
