// Gemma 1, 2 and 3: norms with 1 added, heads tied to the embedding.
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
