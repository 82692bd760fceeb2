import { createNullBackend, createReferenceBackend } from "@octavo/core/testing";
import { describe, expect, test } from "vitest";
import { modelFolder, safetensors } from "../test-support/model-folder.js";
import { kvBytesPerBlock, loadModel } from "./load-model.js";
import { openModel } from "./open-model.js";
import { architectureNamed } from "./registry.js";

/** What DeepSeek-V3's config.json says, and what of it is small here. */
const V3 = {
  architectures: ["DeepseekV3ForCausalLM"],
  ...{ hidden_size: 7168, intermediate_size: 18432, moe_intermediate_size: 2048, num_hidden_layers: 61 },
  ...{ num_attention_heads: 128, num_key_value_heads: 128, vocab_size: 129280, max_position_embeddings: 163840 },
  ...{ q_lora_rank: 1536, kv_lora_rank: 512, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128 },
  ...{ n_routed_experts: 256, n_shared_experts: 1, num_experts_per_tok: 8, n_group: 8, topk_group: 4 },
  ...{ first_k_dense_replace: 3, moe_layer_freq: 1, norm_topk_prob: true, routed_scaling_factor: 2.5 },
  ...{ scoring_func: "sigmoid", topk_method: "noaux_tc", num_nextn_predict_layers: 1, rope_theta: 10000 },
  rope_scaling: {
    ...{ type: "yarn", factor: 40, original_max_position_embeddings: 4096, beta_fast: 32, beta_slow: 1 },
    ...{ mscale: 1, mscale_all_dim: 1 },
  },
  torch_dtype: "bfloat16",
};
const SMALL = {
  ...V3,
  ...{ hidden_size: 16, intermediate_size: 16, moe_intermediate_size: 8, num_hidden_layers: 2, vocab_size: 32 },
  ...{ num_attention_heads: 2, num_key_value_heads: 2, q_lora_rank: 8, kv_lora_rank: 8, qk_nope_head_dim: 4 },
  ...{ qk_rope_head_dim: 4, v_head_dim: 4, n_routed_experts: 8, num_experts_per_tok: 2, first_k_dense_replace: 1 },
};

function configOf(fields: object) {
  return openModel(modelFolder({ "config.json": fields })).config;
}

test("DeepSeek V3: one row of 576 a token and layer, scores sharpened by YaRN, the length it was stretched to", () => {
  const config = configOf(V3);
  expect(config).toMatchObject({
    ...{ numHeads: 128, numKvHeads: 1, headDim: 576, valueInKey: { first: 64, size: 512 }, maxPositions: 163840 },
    ...{ groups: { count: 8, chosen: 4 }, renormalizes: true, numDraftLayers: 1 },
  });
  expect(kvBytesPerBlock(config, "bfloat16", 16)).toBe(61 * 16 * 576 * 2);
  // 192^-0.5 * (0.1 * ln(40) + 1)^2, as DeepSeek's code has it.
  expect((config as unknown as { attentionScale: number }).attentionScale).toBeCloseTo(0.135234, 5);
});

test("layers that draft are no part of the model", () => {
  const config = configOf(SMALL);
  const { isUnread } = architectureNamed(config.architecture);
  const name = (layer: number) => `model.layers.${layer}.self_attn.q_a_proj.weight`;
  expect([0, 1, 2, 3].map((layer) => isUnread!(name(layer), config))).toEqual([false, false, true, false]);
  expect(isUnread!("lm_head.weight", config)).toBe(false);
});

test("dummy weights, whose slices lie as they come", () => {
  const folder = modelFolder({ "config.json": SMALL });
  expect(() => loadModel(folder, createReferenceBackend(), { loadFormat: "dummy" }).dispose()).not.toThrow();
});

describe("what is not computed is refused by its field", () => {
  test.each([
    ["scoring_func", { scoring_func: "softmax" }],
    ["topk_method", { topk_method: "greedy" }],
    ["n_group", { n_group: 3 }],
    ["qk_rope_head_dim", { qk_rope_head_dim: 5 }],
    ["num_attention_heads", { num_attention_heads: 2048, num_key_value_heads: 2048, hidden_size: 2048 }],
    ["num_experts_per_tok", { num_experts_per_tok: 6, n_group: 8, topk_group: 4 }],
    ["norm_topk_prob", { architectures: ["DeepseekV2ForCausalLM"], scoring_func: "softmax", topk_method: "greedy" }],
  ])("%s", (field, changes) => {
    expect(() => configOf({ ...SMALL, ...changes })).toThrow(expect.objectContaining({ param: field }));
  });

  test("weights in FP8", () => {
    const quantization = { quant_method: "fp8", fmt: "e4m3", weight_block_size: [128, 128] };
    const folder = modelFolder({
      "config.json": { ...SMALL, quantization_config: quantization },
      "model.safetensors": safetensors({ "lm_head.weight": [32, 16] }),
    });
    const message = expect.stringContaining('the checkpoint is quantized with "fp8", which Octavo does not read');
    expect(() => loadModel(folder, createNullBackend())).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED", param: "quantization_config.quant_method", message }),
    );
  });
});
