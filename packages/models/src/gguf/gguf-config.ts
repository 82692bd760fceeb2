// A GGUF file's metadata in the words of config.json, so that one reader checks both. Errors name GGUF's keys.
import type { FloatDType, GgufHeaders } from "@octavo/core";
import { ConfigReader } from "../hf-config.js";
import type { GgufDialect } from "./dialect.js";
import { endTokens } from "./end-tokens.js";
import { GgufFacts, plain } from "./gguf-facts.js";
import { COMMON_FIELDS, checkKeys, EPSILON, ROPE_SCALING_FIELDS, unsupportedKey } from "./gguf-keys.js";
import { ropeScaling } from "./gguf-rope.js";

/** Fields that config.json may leave out, but a GGUF file has. */
const REQUIRED = ["max_position_embeddings", "rms_norm_eps"];

/** Of the frequencies, where the file does not say. */
const USUAL_THETA = 10000;

/**
 * The metadata as a config.json of the dialect's architecture.
 * @param name `general.architecture`
 * @throws UNSUPPORTED for a key that changes what the model computes and is not understood
 */
export function ggufConfigReader(headers: GgufHeaders, name: string, dialect: GgufDialect): ConfigReader {
  const { path, metadata, tensors } = headers;
  checkKeys(path, metadata, name, dialect);
  const file = new GgufFacts(headers, name);
  checkHeads(file, dialect);
  const keys = { ...COMMON_FIELDS, rms_norm_eps: EPSILON[dialect.norm], ...dialect.fields };
  const architecture = typeof dialect.architecture === "string" ? dialect.architecture : dialect.architecture(file);
  const scaling = ropeScaling(headers, file);
  const ropeFields = typeof dialect.ropeScaling === "function" ? dialect.ropeScaling(file) : dialect.ropeScaling;
  const fields = nested({
    ...Object.fromEntries(Object.entries(keys).map(([field, key]) => [field, file.read(key)])),
    architectures: [architecture],
    vocab_size: file.read("vocab_size") ?? vocabularySize(headers),
    num_key_value_heads: file.read("attention.head_count_kv") ?? file.read("attention.head_count"),
    head_dim: file.read("attention.key_length") ?? file.headDim,
    rope_theta: file.read("rope.freq_base") ?? USUAL_THETA,
    partial_rotary_factor: rotaryShare(file),
    tie_word_embeddings: !tensors.has("output.weight"),
    ...Object.fromEntries(
      Object.entries(dialect.switches ?? {}).map(([field, names]) => [field, names.some((n) => file.has(n))]),
    ),
    ...dialect.values?.(file),
    rope_scaling: scaling && { ...scaling, ...ropeFields },
    dtype: dtypeOf(headers),
    bos_token_id: plain(metadata.get("tokenizer.ggml.bos_token_id")),
    eos_token_id: endTokens(metadata),
  });
  const labels = new Map([["architectures", "general.architecture"]]);
  for (const [field, key] of Object.entries(keys)) labels.set(field, `${name}.${key}`);
  for (const [field, key] of Object.entries(ROPE_SCALING_FIELDS)) labels.set(`rope_scaling.${field}`, `${name}.${key}`);
  const reader = new ConfigReader(path, fields, "", labels);
  for (const required of REQUIRED) if (!reader.has(required)) reader.fail(required, "a number");
  return reader;
}

/** @throws UNSUPPORTED for values of another width than keys, and a rotation that does not fit the file's order of rows */
function checkHeads(file: GgufFacts, { pairs, hasLatents }: GgufDialect): void {
  if (hasLatents) return;
  const { path, architecture, headDim } = file;
  const check = (key: string, supports: (found: number) => boolean) => {
    const found = file.number(key);
    if (found === undefined || headDim === undefined || supports(found)) return;
    throw unsupportedKey(path, `${architecture}.${key}`, found, `${headDim}, the size of a head`);
  };
  check("attention.value_length", (found) => found === headDim);
  check("rope.dimension_count", (found) => found === headDim || (pairs !== "head" && found < headDim!));
}

/** Half a dimension is added so that the product with the head's width cannot round below a whole one. */
function rotaryShare(file: GgufFacts): number {
  const { headDim } = file;
  const turning = file.number("rope.dimension_count");
  return turning === undefined || headDim === undefined || turning >= headDim ? 1 : (turning + 0.5) / headDim;
}

/** "outer.inner" becomes a field of an object. */
function nested(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(flat)) {
    const [outer, inner] = path.split(".") as [string, string?];
    if (inner === undefined) fields[outer] = value;
    else fields[outer] = { ...(fields[outer] as object | undefined), [inner]: value };
  }
  return fields;
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
