// DeepSeek V2 and V3, and what is built like them (Kimi K2, GLM-4.7-Flash). Files of before May 2025 have keys and values of heads in one
// tensor, as checkpoints; later ones have them apart, keys the other way round, and say widths of the heads under keys of their own.
import type { GgufDialect } from "../dialect.js";
import type { GgufFacts } from "../gguf-facts.js";
import { GATED_MLP, ONCE } from "./names.js";

/** llama.cpp's number for scores by sigmoids. */
const SIGMOID = 2;

export const deepseek2: GgufDialect = {
  architecture: (file) =>
    file.read("expert_gating_func") === SIGMOID ? "DeepseekV3ForCausalLM" : "DeepseekV2ForCausalLM",
  norm: "rms",
  fields: {
    q_lora_rank: "attention.q_lora_rank",
    kv_lora_rank: "attention.kv_lora_rank",
    qk_rope_head_dim: "rope.dimension_count",
    n_routed_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    moe_intermediate_size: "expert_feed_forward_length",
    n_shared_experts: "expert_shared_count",
    routed_scaling_factor: "expert_weights_scale",
    norm_topk_prob: "expert_weights_norm",
    n_group: "expert_group_count",
    topk_group: "expert_group_used_count",
    first_k_dense_replace: "leading_dense_block_count",
  },
  switches: { has_split_kv_b: ["blk.0.attn_k_b.weight"] },
  keys: ["attention.key_length_mla", "attention.value_length_mla", "expert_gating_func"],
  hasLatents: true,
  values: (file) => {
    const rotating = file.number("rope.dimension_count") ?? 0;
    const isGrouped = (file.number("expert_group_count") ?? 1) > 1;
    return {
      head_dim: rotating,
      partial_rotary_factor: 1,
      num_key_value_heads: 1,
      qk_nope_head_dim: (width(file, "key") ?? 0) - rotating,
      v_head_dim: width(file, "value"),
      topk_method:
        file.read("expert_gating_func") === SIGMOID ? undefined : isGrouped ? "group_limited_greedy" : "greedy",
    };
  },
  // Every model has both mscales alike; a tenth of them is there.
  ropeScaling: (file) => {
    const multiplier = file.number("rope.scaling.yarn_log_multiplier");
    const mscale = multiplier === undefined ? undefined : 10 * multiplier;
    return { attention_factor: undefined, mscale, mscale_all_dim: mscale };
  },
  tensors: {
    once: ONCE,
    layer: {
      attn_norm: "input_layernorm",
      attn_q: "self_attn.q_proj",
      attn_q_a: "self_attn.q_a_proj",
      attn_q_a_norm: "self_attn.q_a_layernorm",
      attn_q_b: "self_attn.q_b_proj",
      attn_kv_a_mqa: "self_attn.kv_a_proj_with_mqa",
      attn_kv_a_norm: "self_attn.kv_a_layernorm",
      attn_kv_b: "self_attn.kv_b_proj",
      attn_k_b: "self_attn.k_b_proj.#",
      attn_v_b: "self_attn.v_b_proj.#",
      attn_output: "self_attn.o_proj",
      ffn_norm: "post_attention_layernorm",
      ...GATED_MLP,
      ffn_gate_inp: "mlp.gate",
      exp_probs_b: "mlp.gate.e_score_correction_bias",
      ffn_gate_exps: "mlp.experts.#.gate_proj",
      ffn_up_exps: "mlp.experts.#.up_proj",
      ffn_down_exps: "mlp.experts.#.down_proj",
      ffn_gate_shexp: "mlp.shared_experts.gate_proj",
      ffn_up_shexp: "mlp.shared_experts.up_proj",
      ffn_down_shexp: "mlp.shared_experts.down_proj",
    },
    bare: ["mlp.gate.e_score_correction_bias"],
  },
};

/** Of a head's keys or values before they become latents. */
function width(file: GgufFacts, part: "key" | "value"): number | undefined {
  return file.number(`attention.${part}_length_mla`) ?? file.number(`attention.${part}_length`);
}
