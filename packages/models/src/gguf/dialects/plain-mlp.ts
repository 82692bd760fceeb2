// Models with plain MLPs whose q, k and v are apart.
import type { GgufDialect } from "../dialect.js";
import { ATTENTION, llamaNames, ONCE, QKV_BIASES } from "./names.js";

const UP_BIAS = ["blk.0.ffn_up.bias"] as const;

export const starcoder2: GgufDialect = {
  architecture: "Starcoder2ForCausalLM",
  norm: "layer",
  switches: { use_bias: QKV_BIASES },
  // Of all models there are; no key says it.
  values: () => ({ sliding_window: 4096 }),
  tensors: {
    once: ONCE,
    layer: { ...ATTENTION, ffn_norm: "post_attention_layernorm", ffn_up: "mlp.c_fc", ffn_down: "mlp.c_proj" },
  },
};

/** Phi-1, 1.5 and 2. */
export const phi2: GgufDialect = {
  architecture: "PhiForCausalLM",
  norm: "layer",
  tensors: {
    once: { ...ONCE, output_norm: "model.final_layernorm" },
    layer: { ...ATTENTION, attn_output: "self_attn.dense", ffn_up: "mlp.fc1", ffn_down: "mlp.fc2" },
  },
};

export const nemotron: GgufDialect = {
  architecture: "NemotronForCausalLM",
  norm: "layer",
  switches: { attention_bias: QKV_BIASES, mlp_bias: UP_BIAS },
  tensors: llamaNames(),
  shiftsNorms: true,
};

export const arcee: GgufDialect = {
  architecture: "ArceeForCausalLM",
  norm: "rms",
  switches: { attention_bias: QKV_BIASES, mlp_bias: UP_BIAS },
  tensors: llamaNames(),
  pairs: "head",
};
