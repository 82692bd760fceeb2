// Command R, Command R7B and Command A.
import type { GgufDialect } from "../dialect.js";
import { layerTypes } from "./gemma.js";
import { HEAD_NORMS, llamaNames, QKV_BIASES } from "./names.js";

export const commandR: GgufDialect = {
  architecture: "CohereForCausalLM",
  norm: "layer",
  fields: { logit_scale: "logit_scale" },
  switches: { attention_bias: QKV_BIASES, use_qk_norm: ["blk.0.attn_q_norm.weight"] },
  tensors: llamaNames(HEAD_NORMS),
  pairs: "rotary",
};

export const cohere2: GgufDialect = {
  architecture: "Cohere2ForCausalLM",
  norm: "layer",
  fields: { logit_scale: "logit_scale", sliding_window: "attention.sliding_window" },
  switches: { attention_bias: QKV_BIASES },
  keys: ["attention.sliding_window_pattern"],
  values: (file) => ({ layer_types: layerTypes(file, 4) }),
  tensors: llamaNames(),
  pairs: "rotary",
};
