// Tensor names that most architectures share.
import type { GgufTensorNames } from "../dialect.js";

/** Names that come once. */
export const ONCE = {
  token_embd: "model.embed_tokens",
  output_norm: "model.norm",
  output: "lm_head",
} as const;

/** A layer's attention. The converter can be told to merge q, k and v. */
export const ATTENTION = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_qkv: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
  attn_output: "self_attn.o_proj",
} as const;

/** Tensors that are there where q, k and v have biases. */
export const QKV_BIASES = ["blk.0.attn_q.bias", "blk.0.attn_qkv.bias"] as const;

export const HEAD_NORMS = { attn_q_norm: "self_attn.q_norm", attn_k_norm: "self_attn.k_norm" } as const;

export const GATED_MLP = {
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
} as const;

export const LLAMA_LAYER = { ...ATTENTION, ffn_norm: "post_attention_layernorm", ...GATED_MLP } as const;

/** The names of a Llama. @param layer what a layer has beyond one, or under other names */
export function llamaNames(layer: GgufTensorNames["layer"] = {}): GgufTensorNames {
  return { once: ONCE, layer: { ...LLAMA_LAYER, ...layer } };
}
