// Models with layer norms and plain MLPs whose q, k and v are apart.
import type { GgufDialect } from "../dialect.js";
import { ATTENTION, ONCE, QKV_BIASES } from "./names.js";

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
