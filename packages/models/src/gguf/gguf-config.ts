// A GGUF file's metadata in the words of config.json, so that one reader checks both. Errors name GGUF's keys.
import { type FloatDType, type GgufHeaders, type GgufMetadata, OctavoError, readGgufBytes } from "@octavo/core";
import { ConfigReader } from "../hf-config.js";
import { endTokens } from "./end-tokens.js";
import { ROPE_FREQUENCIES } from "./gguf-weights.js";

/** config.json's fields and GGUF's keys behind `llama.` */
const FIELDS: readonly (readonly [field: string, key: string])[] = [
  ["num_hidden_layers", "block_count"],
  ["hidden_size", "embedding_length"],
  ["intermediate_size", "feed_forward_length"],
  ["num_attention_heads", "attention.head_count"],
  ["num_key_value_heads", "attention.head_count_kv"],
  ["head_dim", "attention.key_length"],
  ["max_position_embeddings", "context_length"],
  ["rms_norm_eps", "attention.layer_norm_rms_epsilon"],
  ["rope_theta", "rope.freq_base"],
  ["rope_scaling.rope_type", "rope.scaling.type"],
  ["rope_scaling.factor", "rope.scaling.factor"],
  ["rope_scaling.original_max_position_embeddings", "rope.scaling.original_context_length"],
  ["rope_scaling.beta_fast", "rope.scaling.yarn_beta_fast"],
  ["rope_scaling.beta_slow", "rope.scaling.yarn_beta_slow"],
];

/** Values of a list in messages. */
const SHOWN = 8;

/** Fields that config.json may leave out, but a GGUF file has. */
const REQUIRED = ["max_position_embeddings", "rms_norm_eps"];

/** Keys of models that are like Llama but compute something else, with the value that changes nothing. */
const NEUTRAL: readonly (readonly [key: string, neutral: unknown])[] = [
  ["expert_count", 0],
  ["logit_scale", 1],
  ["embedding_scale", 1],
  ["residual_scale", 1],
  ["attention.scale", 0],
  ["attention.sliding_window", 0],
  ["attention.causal", true],
  ["attention.clamp_kqv", 0],
];

/**
 * The metadata as a config.json of LlamaForCausalLM.
 * @throws UNSUPPORTED for another architecture, or a key that changes what the model computes
 */
export function ggufConfigReader(headers: GgufHeaders): ConfigReader {
  const { path, metadata, tensors } = headers;
  const labels = new Map(FIELDS.map(([field, key]) => [field, `llama.${key}`]));
  labels.set("architectures", "general.architecture");
  const read = (key: string) => plain(metadata.get(`llama.${key}`));
  checkArchitecture(path, metadata);
  const fields: Record<string, unknown> = {
    architectures: ["LlamaForCausalLM"],
    vocab_size: read("vocab_size") ?? vocabularySize(headers),
    tie_word_embeddings: !tensors.has("output.weight"),
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_gate.bias"),
    dtype: dtypeOf(headers),
    bos_token_id: plain(metadata.get("tokenizer.ggml.bos_token_id")),
    eos_token_id: endTokens(metadata),
  };
  for (const [field, key] of FIELDS) if (!field.includes(".")) fields[field] = read(key);
  const scaling = ropeScaling(headers, read);
  if (scaling !== undefined) fields.rope_scaling = scaling;
  const reader = new ConfigReader(path, fields, "", labels);
  for (const name of REQUIRED) if (!reader.has(name)) reader.fail(name, "a number");
  return reader;
}

/** @throws UNSUPPORTED unless the rotation covers whole heads, which llama.cpp's row order presumes */
export function checkRotation({ path, metadata }: GgufHeaders, headDim: number): void {
  const key = "llama.rope.dimension_count";
  const found = metadata.get(key) ?? headDim;
  if (found !== headDim) throw unsupported(path, key, found, `${headDim}, the size of a head`);
}

function checkArchitecture(path: string, metadata: GgufMetadata): void {
  const architecture = metadata.get("general.architecture");
  if (architecture !== "llama") throw unsupported(path, "general.architecture", architecture, "llama");
  for (const [key, neutral] of NEUTRAL) {
    const found = metadata.get(`llama.${key}`) ?? neutral;
    if (found !== neutral) throw unsupported(path, `llama.${key}`, found, String(neutral));
  }
}

function unsupported(path: string, key: string, found: unknown, supported: string): OctavoError {
  const value = found === undefined ? "missing" : JSON.stringify(plain(found)).slice(0, 64);
  const message = `${path}: metadata key "${key}" is ${value}, which Octavo does not support; it supports ${supported}`;
  return new OctavoError({ code: "UNSUPPORTED", message, param: key });
}

function vocabularySize({ metadata, tensors }: GgufHeaders): number | undefined {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  return Array.isArray(tokens) ? tokens.length : tensors.get("token_embd.weight")?.shape[0];
}

/**
 * Of activations and KV cache. Plain matrices are kept as they are; beside blocks float16, which is as precise as their own
 * scales and what vLLM takes for GGUF.
 */
function dtypeOf({ tensors }: GgufHeaders): FloatDType {
  const types = new Set([...tensors.values()].filter(({ shape }) => shape.length > 1).map(({ type }) => type.dtype));
  if (types.has(undefined) || types.has("float16")) return "float16";
  return types.has("bfloat16") ? "bfloat16" : "float32";
}

function ropeScaling(headers: GgufHeaders, read: (key: string) => unknown): Record<string, unknown> | undefined {
  const frequencies = ropeFrequencies(headers);
  const type = read("rope.scaling.type") ?? (read("rope.scale_linear") === undefined ? "none" : "linear");
  if (frequencies !== undefined) {
    // Llama 3's stretching, written out by the converter: one divisor for each frequency, at every length.
    const positions = read("context_length");
    return {
      rope_type: "longrope",
      factor: 1,
      attention_factor: 1,
      original_max_position_embeddings: positions,
      short_factor: frequencies,
      long_factor: frequencies,
    };
  }
  if (type === "none") return undefined;
  if (type !== "linear" && type !== "yarn")
    throw unsupported(headers.path, "llama.rope.scaling.type", type, "none, linear, yarn");
  const factor = read("rope.scaling.factor") ?? read("rope.scale_linear");
  const magnitude = read("rope.scaling.attn_factor");
  return {
    rope_type: type,
    factor,
    original_max_position_embeddings: read("rope.scaling.original_context_length"),
    beta_fast: read("rope.scaling.yarn_beta_fast"),
    beta_slow: read("rope.scaling.yarn_beta_slow"),
    // llama.cpp multiplies it with what follows from the factor.
    attention_factor:
      typeof magnitude === "number" && typeof factor === "number"
        ? magnitude * (1 + 0.1 * Math.log(factor))
        : undefined,
  };
}

function ropeFrequencies({ path, tensors }: GgufHeaders): number[] | undefined {
  const info = tensors.get(ROPE_FREQUENCIES);
  if (info === undefined) return undefined;
  const type = info.type.dtype;
  if (type !== "float32" || info.byteLength > 2 ** 16) {
    const message = `${path}: tensor ${ROPE_FREQUENCIES} is ${info.type.name} [${info.shape}], one float32 for each frequency was expected`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: ROPE_FREQUENCIES });
  }
  return [...new Float32Array(readGgufBytes(info).buffer)];
}

/** A metadata value as JSON has it. No key that is read so is a list: of one, a few values are enough for the error message. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from((value as Float64Array).subarray(0, SHOWN));
  return Array.isArray(value) ? value.slice(0, SHOWN) : value;
}
