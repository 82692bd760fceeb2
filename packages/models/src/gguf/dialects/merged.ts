// Models whose checkpoints have gate and up in one projection: Phi-3 and GLM.
import type { GgufDialect } from "../dialect.js";
import { ATTENTION, llamaNames, ONCE, QKV_BIASES } from "./names.js";

export const phi3: GgufDialect = {
  architecture: "Phi3ForCausalLM",
  norm: "rms",
  fields: { sliding_window: "attention.sliding_window" },
  // 0: none
  values: (file) => ({ sliding_window: file.number("attention.sliding_window") || null }),
  tensors: llamaNames({ attn_qkv: "self_attn.qkv_proj", ffn_up: "mlp.gate_up_proj" }),
};

const GLM_MLP = { ffn_up: "mlp.gate_up_proj", ffn_down: "mlp.down_proj" } as const;

/** GLM-4-0414. */
export const glm4: GgufDialect = {
  architecture: "Glm4ForCausalLM",
  norm: "rms",
  switches: { attention_bias: QKV_BIASES },
  tensors: {
    once: ONCE,
    layer: {
      ...ATTENTION,
      post_attention_norm: "post_self_attn_layernorm",
      ffn_norm: "post_attention_layernorm",
      ...GLM_MLP,
      post_ffw_norm: "post_mlp_layernorm",
    },
  },
  pairs: "rotary",
};

/** GLM-4-9B before, from either form of its checkpoint. */
export const chatglm: GgufDialect = {
  architecture: "GlmForCausalLM",
  norm: "rms",
  switches: { attention_bias: QKV_BIASES },
  tensors: { once: ONCE, layer: { ...ATTENTION, ffn_norm: "post_attention_layernorm", ...GLM_MLP } },
  pairs: "rotary",
};
