// `rope_scaling` of config.json from a GGUF file: its keys, and the tensors that have divisors of frequencies.
import { type GgufHeaders, OctavoError, readGgufBytes } from "@octavo/core";
import type { GgufFacts } from "./gguf-facts.js";
import { unsupportedKey } from "./gguf-keys.js";

/** Llama 3's divisors, and longrope's for texts up to the length trained at and beyond. */
const [ALWAYS, SHORT, LONG] = ["rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"] as const;

/** Consumed by the config: frequencies, not weights. */
export const ROPE_TENSORS: readonly string[] = [ALWAYS, SHORT, LONG];

/** @throws UNSUPPORTED for a kind of scaling that Octavo lacks; CHECKPOINT for divisors that are none */
export function ropeScaling(headers: GgufHeaders, file: GgufFacts): Record<string, unknown> | undefined {
  const original = file.read("rope.scaling.original_context_length");
  const always = divisors(headers, ALWAYS);
  if (always !== undefined) {
    // Llama 3's stretching, written out by the converter: one divisor for each frequency, at every length.
    const positions = file.read("context_length");
    return longrope(always, always, { factor: 1, attention_factor: 1, original_max_position_embeddings: positions });
  }
  const [short, long] = [divisors(headers, SHORT), divisors(headers, LONG)];
  if (short !== undefined && long !== undefined) {
    const attention = file.read("rope.scaling.attn_factor");
    return longrope(short, long, { attention_factor: attention, original_max_position_embeddings: original });
  }
  const type = file.read("rope.scaling.type") ?? (file.read("rope.scale_linear") === undefined ? "none" : "linear");
  if (type === "none") return undefined;
  const factor = file.read("rope.scaling.factor") ?? file.read("rope.scale_linear");
  if (type === "linear") return { rope_type: type, factor };
  if (type !== "yarn")
    throw unsupportedKey(file.path, `${file.architecture}.rope.scaling.type`, type, "none, linear, yarn");
  return {
    rope_type: type,
    factor,
    original_max_position_embeddings: original,
    beta_fast: file.read("rope.scaling.yarn_beta_fast"),
    beta_slow: file.read("rope.scaling.yarn_beta_slow"),
    attention_factor: yarnMagnitude(file, factor),
  };
}

/** Undefined where it follows from the factor alone. */
function yarnMagnitude(file: GgufFacts, factor: unknown): number | undefined {
  const given = file.number("rope.scaling.yarn_attn_factor");
  if (given !== undefined) return given;
  const [times, multiplier] = [
    file.number("rope.scaling.attn_factor"),
    file.number("rope.scaling.yarn_log_multiplier"),
  ];
  if (typeof factor !== "number" || (times === undefined && !multiplier)) return undefined;
  const magnitude = (scale: number) => (factor <= 1 ? 1 : 1 + 0.1 * scale * Math.log(factor));
  return ((times ?? 1) * magnitude(1)) / magnitude(multiplier ?? 0);
}

function longrope(short: readonly number[], long: readonly number[], more: Record<string, unknown>) {
  return { rope_type: "longrope", short_factor: short, long_factor: long, ...more };
}

function divisors({ path, tensors }: GgufHeaders, name: string): number[] | undefined {
  const info = tensors.get(name);
  if (info === undefined) return undefined;
  if (info.type.dtype !== "float32" || info.byteLength > 2 ** 16) {
    const message = `${path}: tensor ${name} is ${info.type.name} [${info.shape}], one float32 for each frequency was expected`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: name });
  }
  return [...new Float32Array(readGgufBytes(info).buffer)];
}
