// Ministral 3, beside what its fixture proves.
import { expect, test } from "vitest";
import { modelFolder, TINY_CONFIG } from "../../test-support/model-folder.js";
import { readModelConfig } from "../open-model.js";

const YARN = { rope_type: "yarn", rope_theta: 1e6, factor: 4, original_max_position_embeddings: 8 };

test.each([
  [0.1, 8],
  [0, 32],
  [undefined, 32],
])("scores scaled by position (%s) end the context where they begin: %s positions", (beta, positions) => {
  const config = {
    ...TINY_CONFIG,
    architectures: ["Ministral3ForCausalLM"],
    rope_parameters: { ...YARN, llama_4_scaling_beta: beta },
  };
  expect(readModelConfig(modelFolder({ "config.json": config })).maxPositions).toBe(positions);
});
