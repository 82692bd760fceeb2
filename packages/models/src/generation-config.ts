// generation_config.json: the sampling defaults that a model's authors advise, and its end tokens. The file is optional.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigReader } from "./hf-config.js";

/** Defaults for requests that do not say otherwise; absent fields have none. `do_sample` is ignored, as in vLLM. */
export interface GenerationDefaults {
  readonly temperature?: number;
  readonly topP?: number;
  /** 0: off */
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly maxNewTokens?: number;
}

/** @throws CHECKPOINT that names file and field when a value cannot be used */
export function readGenerationDefaults(folder: string): GenerationDefaults {
  const reader = openGenerationConfig(folder);
  if (reader === undefined) return {};
  const number = (name: string, min: number, max: number) =>
    reader.has(name) ? reader.number(name, { min, max }) : undefined;
  const integer = (name: string, min: number) =>
    reader.has(name) ? reader.integer(name, { min, max: 2 ** 31 - 1 }) : undefined;
  const topK = integer("top_k", -1);
  const defaults: GenerationDefaults = {
    temperature: number("temperature", 0, 1e6),
    topP: reader.has("top_p") ? reader.number("top_p", { min: 0, aboveMin: true, max: 1 }) : undefined,
    topK: topK === -1 ? 0 : topK,
    minP: number("min_p", 0, 1),
    repetitionPenalty: reader.has("repetition_penalty")
      ? reader.number("repetition_penalty", { min: 0, aboveMin: true, max: 1e6 })
      : undefined,
    maxNewTokens: integer("max_new_tokens", 1),
  };
  return Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined));
}

/** Its `eos_token_id`; undefined when the file or the field is absent, or null. */
export function readEndTokens(folder: string): readonly number[] | undefined {
  const reader = openGenerationConfig(folder);
  return reader?.has("eos_token_id") ? reader.tokenIds("eos_token_id") : undefined;
}

function openGenerationConfig(folder: string): ConfigReader | undefined {
  const file = join(folder, "generation_config.json");
  return existsSync(file) ? ConfigReader.open(file) : undefined;
}
