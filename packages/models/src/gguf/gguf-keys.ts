// Which keys of a file Octavo understands. A key may change what a model computes: one that is in no table here, and in none of the
// dialect's, is refused by its name unless it has the value that changes nothing.
import { type GgufMetadata, OctavoError } from "@octavo/core";
import type { GgufDialect } from "./dialect.js";
import { plain } from "./gguf-facts.js";

/** GGUF's keys behind `<architecture>.` by config.json's fields, in the words of Llama, which every architecture's reader takes too. */
export const COMMON_FIELDS: Readonly<Record<string, string>> = {
  num_hidden_layers: "block_count",
  hidden_size: "embedding_length",
  intermediate_size: "feed_forward_length",
  num_attention_heads: "attention.head_count",
  num_key_value_heads: "attention.head_count_kv",
  head_dim: "attention.key_length",
  max_position_embeddings: "context_length",
  vocab_size: "vocab_size",
  rope_theta: "rope.freq_base",
  partial_rotary_factor: "rope.dimension_count",
};

/** The same of `rope_scaling`. */
export const ROPE_SCALING_FIELDS: Readonly<Record<string, string>> = {
  rope_type: "rope.scaling.type",
  factor: "rope.scaling.factor",
  original_max_position_embeddings: "rope.scaling.original_context_length",
  beta_fast: "rope.scaling.yarn_beta_fast",
  beta_slow: "rope.scaling.yarn_beta_slow",
};

/** Key of the epsilon of norms. */
export const EPSILON = { rms: "attention.layer_norm_rms_epsilon", layer: "attention.layer_norm_epsilon" } as const;

/** Read where they matter, or of no meaning to what is computed for text. */
const UNDERSTOOD: readonly string[] = [
  ...Object.values(COMMON_FIELDS),
  ...Object.values(ROPE_SCALING_FIELDS),
  ...Object.values(EPSILON),
  "attention.value_length",
  "rope.scale_linear",
  "rope.scaling.attn_factor",
  "rope.scaling.yarn_attn_factor",
  "rope.scaling.yarn_log_multiplier",
  "rope.dimension_sections", // of images; text has one position
  "n_deepstack_layers", // of images
  "attention.sliding_window_pattern", // the window itself is checked
  "tensor_data_layout",
  "embedding_length_out",
  "features_length",
  "pooling_type",
  "classifier.output_labels",
  "decoder_start_token_id",
];

/** What begins so is about images. */
const OF_IMAGES = ["vision.", "mm."];

/** The values that change nothing. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  "attention.causal": [true],
  "attention.scale": [0],
  "attention.clamp_kqv": [0],
  "attention.max_alibi_bias": [0],
  "attention.sliding_window": [0],
  "attention.output_scale": [0, 1],
  "attention.temperature_length": [0],
  "attention.temperature_scale": [0],
  "attention.shared_kv_layers": [0],
  attn_logit_softcapping: [0],
  final_logit_softcapping: [0],
  router_logit_softcapping: [0],
  logit_scale: [0, 1],
  embedding_scale: [0, 1],
  residual_scale: [0, 1],
  expert_count: [0],
  expert_used_count: [0],
  expert_shared_count: [0],
  expert_shared_feed_forward_length: [0],
  expert_feed_forward_length: [0],
  expert_group_count: [0, 1],
  expert_group_used_count: [0, 1],
  expert_weights_scale: [0, 1],
  expert_gating_func: [0, 1], // not said, softmax
  leading_dense_block_count: [0],
  interleave_moe_layer_step: [0, 1],
  moe_every_n_layers: [0, 1],
  nextn_predict_layers: [0],
  "rope.scaling.alpha": [0],
  "rope.scaling.finetuned": [false, true],
  "rope.scaling.yarn_ext_factor": [1],
  rescale_every_n_layers: [0],
  swin_norm: [false],
  use_parallel_residual: [false],
};

/** @throws UNSUPPORTED for a key that is not understood */
export function checkKeys(path: string, metadata: GgufMetadata, architecture: string, dialect: GgufDialect): void {
  const own = [...Object.values(dialect.fields ?? {}), ...(dialect.keys ?? [])];
  const understood = new Set([...UNDERSTOOD, ...own]);
  const prefix = `${architecture}.`;
  for (const [name, found] of metadata) {
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    if (understood.has(key) || OF_IMAGES.some((start) => key.startsWith(start))) continue;
    const neutral = dialect.neutral?.[key] ?? (Object.hasOwn(NEUTRAL, key) ? NEUTRAL[key]! : undefined);
    if (neutral === undefined) throw unsupportedKey(path, name, found, "no such key: it may change what is computed");
    if (!neutral.includes(found)) throw unsupportedKey(path, name, found, neutral.join(", "));
  }
}

export function unsupportedKey(path: string, key: string, found: unknown, supported: string): OctavoError {
  const value = found === undefined ? "missing" : (JSON.stringify(plain(found)) ?? "?").slice(0, 64);
  const message = `${path}: metadata key "${key}" is ${value}, which Octavo does not support; it supports ${supported}`;
  return new OctavoError({ code: "UNSUPPORTED", message, param: key });
}
