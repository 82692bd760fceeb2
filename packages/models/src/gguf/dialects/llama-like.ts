// Llama, and what is built like it.
import type { GgufDialect } from "../dialect.js";
import { layerTypes } from "./gemma.js";
import { ATTENTION, GATED_MLP, HEAD_NORMS, llamaNames, ONCE, QKV_BIASES } from "./names.js";

const LLAMA_BIASES = { attention_bias: QKV_BIASES, mlp_bias: ["blk.0.ffn_gate.bias"] } as const;

/** Llama, Mistral, Mixtral and many others. */
export const llama: GgufDialect = {
  architecture: (file) => ((file.number("expert_count") ?? 0) > 0 ? "MixtralForCausalLM" : "LlamaForCausalLM"),
  norm: "rms",
  fields: { num_local_experts: "expert_count", num_experts_per_tok: "expert_used_count" },
  switches: LLAMA_BIASES,
  tensors: llamaNames({
    ffn_gate_inp: "block_sparse_moe.gate",
    ffn_gate_exps: "block_sparse_moe.experts.#.w1",
    ffn_down_exps: "block_sparse_moe.experts.#.w2",
    ffn_up_exps: "block_sparse_moe.experts.#.w3",
  }),
  pairs: "head",
};

export const granite: GgufDialect = {
  architecture: "GraniteForCausalLM",
  norm: "rms",
  fields: {
    attention_multiplier: "attention.scale",
    embedding_multiplier: "embedding_scale",
    residual_multiplier: "residual_scale",
    logits_scaling: "logit_scale",
  },
  switches: LLAMA_BIASES,
  // It says whether positions rotate at all.
  neutral: { "rope.scaling.finetuned": [true] },
  // Absent where config.json has none, which means a usual scale to llama.cpp.
  values: (file) => ({ attention_multiplier: file.number("attention.scale") ?? (file.headDim ?? 1) ** -0.5 }),
  tensors: llamaNames(),
  pairs: "head",
};

/** Granite's arithmetic. Old files leave out what all models had then, as llama.cpp does. */
export const minicpm: GgufDialect = {
  ...granite,
  values: (file) => ({
    attention_multiplier: (file.headDim ?? 1) ** -0.5,
    embedding_multiplier: file.read("embedding_scale") ?? 12,
    residual_multiplier: file.read("residual_scale") ?? 1.4 / Math.sqrt(file.layers),
    logits_scaling: file.read("logit_scale") ?? (file.number("embedding_length") ?? 0) / 256,
  }),
};

export const smollm3: GgufDialect = {
  architecture: "SmolLM3ForCausalLM",
  norm: "rms",
  switches: LLAMA_BIASES,
  values: () => ({ no_rope_layer_interval: 4 }),
  tensors: llamaNames(),
  pairs: "head",
};

export const qwen2: GgufDialect = { architecture: "Qwen2ForCausalLM", norm: "rms", tensors: llamaNames() };

export const qwen3: GgufDialect = {
  architecture: "Qwen3ForCausalLM",
  norm: "rms",
  switches: { attention_bias: QKV_BIASES },
  tensors: llamaNames(HEAD_NORMS),
};

/** The first one's norms have no weights. */
export const olmo: GgufDialect = {
  architecture: "OlmoForCausalLM",
  norm: "layer",
  fields: { clip_qkv: "attention.clamp_kqv" },
  switches: { attention_bias: QKV_BIASES },
  tensors: llamaNames(),
  pairs: "head",
};

const NORMED_OUTPUTS = {
  ...ATTENTION,
  ...HEAD_NORMS,
  post_attention_norm: "post_attention_layernorm",
  ...GATED_MLP,
  post_ffw_norm: "post_feedforward_layernorm",
} as const;

/** With windows OLMo 3. */
export const olmo2: GgufDialect = {
  architecture: (file) => (file.number("attention.sliding_window") ? "Olmo3ForCausalLM" : "Olmo2ForCausalLM"),
  norm: "rms",
  fields: { sliding_window: "attention.sliding_window" },
  keys: ["attention.sliding_window_pattern"],
  values: (file) => ({ layer_types: file.number("attention.sliding_window") ? layerTypes(file, 4) : null }),
  switches: { attention_bias: QKV_BIASES },
  tensors: { once: ONCE, layer: NORMED_OUTPUTS },
};

/** EXAONE 3, 3.5 and Deep: a Llama whose rows stay as they are. */
export const exaone: GgufDialect = { architecture: "LlamaForCausalLM", norm: "rms", tensors: llamaNames() };

export const exaone4: GgufDialect = {
  architecture: "Exaone4ForCausalLM",
  norm: "rms",
  fields: { sliding_window: "attention.sliding_window" },
  keys: ["attention.sliding_window_pattern"],
  values: (file) => ({ layer_types: layerTypes(file, file.number("attention.sliding_window") ? 4 : 1) }),
  tensors: { once: ONCE, layer: NORMED_OUTPUTS },
};

export const ernie45: GgufDialect = {
  architecture: "Ernie4_5ForCausalLM",
  norm: "rms",
  tensors: llamaNames(),
  pairs: "rotary",
};

export const seedOss: GgufDialect = {
  architecture: "SeedOssForCausalLM",
  norm: "rms",
  switches: { ...LLAMA_BIASES, attention_out_bias: ["blk.0.attn_output.bias"] },
  tensors: {
    once: ONCE,
    layer: { ...ATTENTION, post_attention_norm: "post_attention_layernorm", ...GATED_MLP },
  },
};

/** The converter writes the base of the frequencies that "alpha" makes. */
export const hunyuanDense: GgufDialect = {
  architecture: "HunYuanDenseV1ForCausalLM",
  norm: "rms",
  switches: { attention_bias: QKV_BIASES },
  tensors: llamaNames({ attn_q_norm: "self_attn.query_layernorm", attn_k_norm: "self_attn.key_layernorm" }),
};

export const stablelm: GgufDialect = {
  architecture: "StableLmForCausalLM",
  norm: "layer",
  switches: { use_qkv_bias: QKV_BIASES, qk_layernorm: ["blk.0.attn_q_norm.weight"] },
  // The key is true in files of models that are not parallel: the norm of the MLP decides.
  keys: ["use_parallel_residual"],
  values: (file) => ({ use_parallel_residual: !file.has("blk.0.ffn_norm.weight") }),
  tensors: llamaNames({
    attn_q_norm: "self_attn.q_layernorm.norms.#",
    attn_k_norm: "self_attn.k_layernorm.norms.#",
  }),
};
