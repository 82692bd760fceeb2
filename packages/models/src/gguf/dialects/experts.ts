// Mixtures of experts, whose tensors have all experts of a layer.
import type { GgufDialect } from "../dialect.js";
import type { GgufFacts } from "../gguf-facts.js";
import { layerTypes } from "./gemma.js";
import { granite, hunyuanDense } from "./llama-like.js";
import { ATTENTION, HEAD_NORMS, llamaNames, ONCE, QKV_BIASES } from "./names.js";

const EXPERTS = {
  ffn_gate_inp: "mlp.gate",
  ffn_gate_exps: "mlp.experts.#.gate_proj",
  ffn_up_exps: "mlp.experts.#.up_proj",
  ffn_down_exps: "mlp.experts.#.down_proj",
} as const;

/** @param id of what every token goes through */
const shared = (id: string) => ({
  ffn_gate_shexp: `${id}.gate_proj`,
  ffn_up_shexp: `${id}.up_proj`,
  ffn_down_shexp: `${id}.down_proj`,
});

export const qwen3Moe: GgufDialect = {
  architecture: "Qwen3MoeForCausalLM",
  norm: "rms",
  fields: {
    num_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    moe_intermediate_size: "expert_feed_forward_length",
  },
  switches: { attention_bias: QKV_BIASES },
  keys: ["expert_weights_norm"],
  values: (file) => ({
    norm_topk_prob: file.read("expert_weights_norm") ?? true,
    mlp_only_layers: denseLayers(file),
  }),
  tensors: llamaNames({ ...HEAD_NORMS, ...EXPERTS }),
};

export const qwen2Moe: GgufDialect = {
  architecture: "Qwen2MoeForCausalLM",
  norm: "rms",
  fields: {
    num_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    moe_intermediate_size: "expert_feed_forward_length",
    shared_expert_intermediate_size: "expert_shared_feed_forward_length",
  },
  switches: { qkv_bias: QKV_BIASES },
  values: (file) => ({ norm_topk_prob: false, mlp_only_layers: denseLayers(file) }),
  tensors: llamaNames({
    ...EXPERTS,
    ffn_gate_inp_shexp: "mlp.shared_expert_gate",
    ...shared("mlp.shared_expert"),
  }),
};

export const olmoe: GgufDialect = {
  architecture: "OlmoeForCausalLM",
  norm: "rms",
  fields: { num_experts: "expert_count", num_experts_per_tok: "expert_used_count" },
  switches: { attention_bias: QKV_BIASES },
  tensors: llamaNames({ ...HEAD_NORMS, ...EXPERTS }),
};

export const ernie45Moe: GgufDialect = {
  architecture: "Ernie4_5_MoeForCausalLM",
  norm: "rms",
  fields: {
    moe_num_experts: "expert_count",
    moe_k: "expert_used_count",
    moe_intermediate_size: "expert_feed_forward_length",
    moe_num_shared_experts: "expert_shared_count",
    moe_layer_start_index: "leading_dense_block_count",
    moe_layer_interval: "interleave_moe_layer_step",
  },
  // It follows from two others.
  keys: ["expert_shared_feed_forward_length"],
  tensors: {
    ...llamaNames({
      ...EXPERTS,
      exp_probs_b: "mlp.moe_statics.e_score_correction_bias",
      ...shared("mlp.shared_experts"),
    }),
    bare: ["mlp.moe_statics.e_score_correction_bias"],
  },
  pairs: "rotary",
};

/** Routed experts and the MLP of every token are of one width, so that a file that says otherwise does not fit its tensors. */
export const hunyuanMoe: GgufDialect = {
  ...hunyuanDense,
  architecture: "HunYuanMoEV1ForCausalLM",
  fields: { num_experts: "expert_count", moe_topk: "expert_used_count" },
  keys: ["expert_shared_feed_forward_length", "expert_feed_forward_length", "expert_shared_count"],
  tensors: llamaNames({
    attn_q_norm: "self_attn.query_layernorm",
    attn_k_norm: "self_attn.key_layernorm",
    ...EXPERTS,
    ffn_gate_inp: "mlp.gate.wg",
    ...shared("mlp.shared_mlp"),
  }),
};

export const graniteMoe: GgufDialect = {
  ...granite,
  architecture: "GraniteMoeForCausalLM",
  fields: {
    ...granite.fields,
    num_local_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    shared_intermediate_size: "expert_shared_feed_forward_length",
  },
  tensors: {
    once: ONCE,
    layer: {
      ...ATTENTION,
      ffn_norm: "post_attention_layernorm",
      ffn_gate_inp: "block_sparse_moe.router.layer",
      ffn_gate_exps: "block_sparse_moe.input_linear.weight.#",
      ffn_up_exps: "block_sparse_moe.input_linear.weight.#",
      ffn_down_exps: "block_sparse_moe.output_linear.weight.#",
      ffn_gate_shexp: "shared_mlp.input_linear",
      ffn_up_shexp: "shared_mlp.input_linear",
      ffn_down_shexp: "shared_mlp.output_linear",
    },
  },
};

export const gptOss: GgufDialect = {
  architecture: "GptOssForCausalLM",
  norm: "rms",
  fields: {
    intermediate_size: "expert_feed_forward_length",
    num_local_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    sliding_window: "attention.sliding_window",
  },
  keys: ["attention.sliding_window_pattern"],
  values: (file) => ({ layer_types: layerTypes(file, 2) }),
  ropeScaling: { truncate: false },
  tensors: {
    once: ONCE,
    layer: {
      ...ATTENTION,
      attn_sinks: "self_attn.sinks",
      post_attention_norm: "post_attention_layernorm",
      ffn_gate_inp: "mlp.router",
      ffn_gate_exps: "mlp.experts.gate_up_proj.#",
      ffn_up_exps: "mlp.experts.gate_up_proj.#",
      ffn_down_exps: "mlp.experts.down_proj.#",
    },
    bare: ["self_attn.sinks"],
  },
};

/** llama.cpp's number for scores by sigmoids. */
const SIGMOID = { expert_gating_func: [2] } as const;

export const miniMaxM2: GgufDialect = {
  architecture: "MiniMaxM2ForCausalLM",
  norm: "rms",
  fields: {
    num_local_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    intermediate_size: "expert_feed_forward_length",
  },
  // Experts are as wide as intermediate_size.
  keys: ["feed_forward_length"],
  neutral: SIGMOID,
  tensors: {
    once: ONCE,
    layer: {
      ...ATTENTION,
      ...HEAD_NORMS,
      ffn_norm: "post_attention_layernorm",
      ffn_gate_inp: "block_sparse_moe.gate",
      exp_probs_b: "block_sparse_moe.e_score_correction_bias",
      ffn_gate_exps: "block_sparse_moe.experts.#.w1",
      ffn_up_exps: "block_sparse_moe.experts.#.w3",
      ffn_down_exps: "block_sparse_moe.experts.#.w2",
    },
    bare: ["block_sparse_moe.e_score_correction_bias"],
  },
};

/** GLM-4.5 and 4.6. Behind its layers may be one that drafts, which counts as a block. */
export const glm4Moe: GgufDialect = {
  architecture: "Glm4MoeForCausalLM",
  norm: "rms",
  fields: {
    n_routed_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    moe_intermediate_size: "expert_feed_forward_length",
    n_shared_experts: "expert_shared_count",
    first_k_dense_replace: "leading_dense_block_count",
    routed_scaling_factor: "expert_weights_scale",
    norm_topk_prob: "expert_weights_norm",
    num_nextn_predict_layers: "nextn_predict_layers",
  },
  switches: { attention_bias: QKV_BIASES, use_qk_norm: ["blk.0.attn_q_norm.weight"] },
  neutral: SIGMOID,
  values: (file) => ({ num_hidden_layers: file.layers - (file.number("nextn_predict_layers") ?? 0) }),
  tensors: {
    ...llamaNames({
      ...HEAD_NORMS,
      ...EXPERTS,
      post_attention_norm: "post_attention_layernorm",
      exp_probs_b: "mlp.gate.e_score_correction_bias",
      ...shared("mlp.shared_experts"),
      "nextn.eh_proj": "eh_proj",
      "nextn.embed_tokens": "embed_tokens",
      "nextn.enorm": "enorm",
      "nextn.hnorm": "hnorm",
      "nextn.shared_head_head": "shared_head.head",
      "nextn.shared_head_norm": "shared_head.norm",
    }),
    bare: ["mlp.gate.e_score_correction_bias"],
  },
};

function denseLayers(file: GgufFacts): number[] {
  const layers = Array.from({ length: file.layers }, (_, index) => index);
  return layers.filter((index) => !file.has(`blk.${index}.ffn_gate_inp.weight`));
}
