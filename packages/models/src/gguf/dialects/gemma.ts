// Gemma 1 to 4: heads tied to the embedding; up to 3, norms with 1 added.
import type { GgufDialect } from "../dialect.js";
import type { GgufFacts } from "../gguf-facts.js";
import { ATTENTION, GATED_MLP, HEAD_NORMS, llamaNames, ONCE } from "./names.js";

const OUTER_NORMS = {
  post_attention_norm: "post_attention_layernorm",
  ffn_norm: "pre_feedforward_layernorm",
  post_ffw_norm: "post_feedforward_layernorm",
} as const;

export const gemma: GgufDialect = {
  architecture: "GemmaForCausalLM",
  norm: "rms",
  tensors: llamaNames(),
  shiftsNorms: true,
};

export const gemma2: GgufDialect = {
  architecture: "Gemma2ForCausalLM",
  norm: "rms",
  fields: {
    sliding_window: "attention.sliding_window",
    attn_logit_softcapping: "attn_logit_softcapping",
    final_logit_softcapping: "final_logit_softcapping",
  },
  keys: ["attention.scale", "attention.sliding_window_pattern"],
  values: (file) => ({
    query_pre_attn_scalar: queryScalar(file, 46),
    sliding_window: file.number("attention.sliding_window") ?? 4096,
    layer_types: layerTypes(file, 2),
  }),
  tensors: { once: ONCE, layer: { ...ATTENTION, ...OUTER_NORMS, ...GATED_MLP } },
  shiftsNorms: true,
};

export const gemma3: GgufDialect = {
  architecture: "Gemma3ForCausalLM",
  norm: "rms",
  fields: {
    sliding_window: "attention.sliding_window",
    final_logit_softcapping: "final_logit_softcapping",
    rope_local_base_freq: "rope.freq_base_swa",
  },
  keys: ["attention.scale", "attention.sliding_window_pattern"],
  values: (file) => ({
    query_pre_attn_scalar: queryScalar(file, 62),
    sliding_window: file.number("attention.sliding_window") || null,
    layer_types: layerTypes(file, (file.number("attention.sliding_window") ?? 0) > 0 ? 6 : 1),
  }),
  tensors: { once: ONCE, layer: { ...ATTENTION, ...HEAD_NORMS, ...OUTER_NORMS, ...GATED_MLP } },
  shiftsNorms: true,
};

export const gemma4: GgufDialect = {
  architecture: "Gemma4ForCausalLM",
  norm: "rms",
  fields: {
    head_dim: "attention.key_length_swa",
    global_head_dim: "attention.key_length",
    sliding_window: "attention.sliding_window",
    final_logit_softcapping: "final_logit_softcapping",
    num_kv_shared_layers: "attention.shared_kv_layers",
    hidden_size_per_layer_input: "embedding_length_per_layer_input",
    num_experts: "expert_count",
    top_k_experts: "expert_used_count",
    moe_intermediate_size: "expert_feed_forward_length",
  },
  keys: [
    "attention.value_length_swa",
    "attention.sliding_window_pattern",
    "rope.freq_base_swa",
    "rope.dimension_count_swa",
  ],
  values: (file) => {
    const layer_types = layerTypes(file, 6);
    const [full, local] = ["full_attention", "sliding_attention"].map((kind) => layer_types.indexOf(kind));
    const widths = file.list("feed_forward_length");
    return {
      layer_types,
      head_dim: file.read("attention.key_length_swa"),
      num_key_value_heads: ofLayer(file, "attention.head_count_kv", local!),
      num_global_key_value_heads: ofLayer(file, "attention.head_count_kv", full!),
      attention_k_eq_v: !file.has(`blk.${full}.attn_v.weight`) && !file.has(`blk.${full}.attn_qkv.weight`),
      intermediate_size: widths?.[0] ?? file.read("feed_forward_length"),
      use_double_wide_mlp: widths !== undefined && widths.at(-1) !== widths[0],
      vocab_size_per_layer_input: file.rows("per_layer_token_embd.weight"),
      enable_moe_block: file.has("blk.0.ffn_gate_inp.weight"),
      // That of the other layers is in the file as divisors of frequencies.
      "rope_parameters.sliding_attention": {
        rope_type: "default",
        rope_theta: file.read("rope.freq_base_swa") ?? 10000,
      },
    };
  },
  tensors: {
    once: {
      ...ONCE,
      per_layer_token_embd: "model.embed_tokens_per_layer",
      per_layer_model_proj: "model.per_layer_model_projection",
      per_layer_proj_norm: "model.per_layer_projection_norm",
    },
    layer: {
      ...ATTENTION,
      ...HEAD_NORMS,
      ...OUTER_NORMS,
      ...GATED_MLP,
      post_ffw_norm_1: "post_feedforward_layernorm_1",
      pre_ffw_norm_2: "pre_feedforward_layernorm_2",
      post_ffw_norm_2: "post_feedforward_layernorm_2",
      ffn_gate_inp: "router.proj",
      "ffn_gate_inp.scale": "router.scale",
      "ffn_down_exps.scale": "router.per_expert_scale",
      ffn_gate_up_exps: "experts.gate_up_proj.#",
      ffn_gate_exps: "experts.gate_up_proj.#",
      ffn_up_exps: "experts.gate_up_proj.#",
      ffn_down_exps: "experts.down_proj.#",
      inp_gate: "per_layer_input_gate",
      proj: "per_layer_projection",
      post_norm: "post_per_layer_input_norm",
      layer_output_scale: "layer_scalar",
    },
    bare: ["layer_scalar"],
  },
};

/** A key that has a number for each layer, or one for all. */
function ofLayer(file: GgufFacts, key: string, layer: number): number | undefined {
  return file.list(key)?.[layer] ?? file.number(key);
}

/** No key says it; the largest model, known by its layers, scales by the part of the width that a head would have, others by heads. */
function queryScalar(file: GgufFacts, largest: number): number | undefined {
  const scale = file.number("attention.scale") ?? 0;
  if (scale > 0) return scale ** -2;
  if (file.layers !== largest) return file.headDim;
  return (file.number("embedding_length") ?? 0) / (file.number("attention.head_count") ?? 1);
}

/** Every `usual`th layer sees all; a key may have another number, or a flag for each layer with a window. */
export function layerTypes(file: GgufFacts, usual: number): string[] {
  const key = "attention.sliding_window_pattern";
  const flags = file.list(key);
  const every = file.number(key) ?? usual;
  return Array.from({ length: file.layers }, (_, index) => {
    const slides = flags ? flags[index] === 1 : every === 0 || index % every < every - 1;
    return slides ? "sliding_attention" : "full_attention";
  });
}
