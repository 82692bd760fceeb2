// Mixtures of experts, whose tensors have all experts of a layer.
import type { GgufDialect } from "../dialect.js";
import type { GgufFacts } from "../gguf-facts.js";
import { layerTypes } from "./gemma.js";
import { ATTENTION, HEAD_NORMS, llamaNames, ONCE, QKV_BIASES } from "./names.js";

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
  tensors: llamaNames({
    ...HEAD_NORMS,
    ffn_gate_inp: "mlp.gate",
    ffn_gate_exps: "mlp.experts.#.gate_proj",
    ffn_up_exps: "mlp.experts.#.up_proj",
    ffn_down_exps: "mlp.experts.#.down_proj",
  }),
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

function denseLayers(file: GgufFacts): number[] {
  const layers = Array.from({ length: file.layers }, (_, index) => index);
  return layers.filter((index) => !file.has(`blk.${index}.ffn_gate_inp.weight`));
}
