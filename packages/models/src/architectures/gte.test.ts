// gte-v1.5 as its makers publish it, beside what the fixture by transformers proves.
import { expect, test } from "vitest";
import { modelFolder, TINY_CONFIG } from "../../test-support/model-folder.js";
import { readModelConfig } from "../open-model.js";
import { ropeFrequencies } from "../rope.js";

const FACTOR = 2;
const NEW = {
  ...TINY_CONFIG,
  architectures: ["NewModel"],
  hidden_act: "gelu",
  position_embedding_type: "rope",
  pack_qkv: true,
  rope_theta: 500000,
  rope_scaling: { type: "ntk", factor: FACTOR },
};
const configOf = (fields: object) => readModelConfig(modelFolder({ "config.json": { ...NEW, ...fields } }));

test("ntk: a larger base, then all frequencies divided by one number; the length stays", () => {
  const config = configOf({});
  const { rotaryDim } = config.rope!;
  const { inverse } = ropeFrequencies(config.rope!, 1);
  for (const [i, frequency] of inverse.entries()) {
    const expected = (500000 * FACTOR) ** ((-2 * i) / rotaryDim) / FACTOR ** (2 / rotaryDim);
    expect(frequency).toBeCloseTo(expected, 6);
  }
  expect(config.maxPositions).toBe(TINY_CONFIG.max_position_embeddings);
});

test.each([
  ["position_embedding_type", "absolute"],
  ["layer_norm_type", "rms_norm"],
  ["logn_attention_scale", true],
])("%s %s is refused", (param, value) => {
  expect(() => configOf({ [param]: value })).toThrow(expect.objectContaining({ code: "UNSUPPORTED", param }));
});
