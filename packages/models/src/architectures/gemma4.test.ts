// Gemma 4's configs, beside what the fixtures prove.
import { expect, test } from "vitest";
import { modelFolder } from "../../test-support/model-folder.js";
import { kvBytesPerBlock } from "../load-model.js";
import { readModelConfig } from "../open-model.js";

/** The fields of E2B's text_config that matter here. */
const E2B = {
  attention_k_eq_v: false,
  final_logit_softcapping: 30,
  global_head_dim: 512,
  head_dim: 256,
  hidden_size: 1536,
  hidden_size_per_layer_input: 256,
  intermediate_size: 6144,
  layer_types: Array.from({ length: 35 }, (_, i) => ((i + 1) % 5 ? "sliding_attention" : "full_attention")),
  num_attention_heads: 8,
  num_hidden_layers: 35,
  num_key_value_heads: 1,
  num_kv_shared_layers: 20,
  rope_parameters: {
    full_attention: { rope_type: "proportional", rope_theta: 1e6, partial_rotary_factor: 0.25 },
    sliding_attention: { rope_type: "default", rope_theta: 1e4 },
  },
  use_bidirectional_attention: null as string | null,
  vocab_size: 262144,
};
const configOf = (fields: object) =>
  readModelConfig(
    modelFolder({
      "config.json": { architectures: ["Gemma4ForConditionalGeneration"], text_config: { ...E2B, ...fields } },
    }),
  );

test("the cache has room for the wider kind of layer, and none for layers that read others'", () => {
  const config = configOf({});
  expect([config.numKvHeads, config.headDim]).toEqual([2, 256]);
  expect(config.cachedIn!.slice(13, 20)).toEqual([13, 14, 13, 13, 13, 13, 14]);
  expect(kvBytesPerBlock(config, "bfloat16", 16)).toBe(15 * 2 * 512 * 2 * 16);
});

test.each([
  ["use_bidirectional_attention", { use_bidirectional_attention: "all" }],
  ["num_key_value_heads", { num_key_value_heads: 8, attention_k_eq_v: true, num_global_key_value_heads: 3 }],
  ["attention_bias", { attention_bias: true }],
])("another %s is refused", (param, fields) => {
  expect(() => configOf(fields)).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", param: `text_config.${param}` }),
  );
});

test("what differs by layer but the heads is refused", () => {
  const fields = { per_layer_config: { 4: { head_dim: 512 }, 9: { head_dim: 512, sliding_window: 64 } } };
  const param = "per_layer_config.9.sliding_window";
  expect(() => configOf(fields)).toThrow(expect.objectContaining({ code: "UNSUPPORTED", param }));
});
