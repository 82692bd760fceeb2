// MistralForCausalLM and MinistralForCausalLM: Llama with a sliding window, in all layers or in some (Jiang et al. 2023).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { MAX_POSITIONS } from "../rope-config.js";
import { readWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "MistralForCausalLM";

export const mistral: Architecture = {
  name: NAME,
  aliases: ["CwmForCausalLM", "MinistralForCausalLM", "Ministral3ForCausalLM", "Mistral3ForConditionalGeneration"],
  readConfig(reader: ConfigReader): ModelConfig {
    const defaults = { maxPositions: 2 ** 17, bosTokenId: 1, eosTokenIds: [2], numKvHeads: 8 };
    const config = readDecoderConfig(reader, NAME, defaults);
    return {
      ...config,
      windows: readWindows(reader, config.numLayers),
      maxPositions: Math.min(config.maxPositions, unscaledPositions(reader)),
    };
  },
  blueprint: (config) => llamaBlueprint(config),
};

/** Ministral 3 scales the scores of positions past the length trained at by how far they are, which no op does: those before it are exact. */
function unscaledPositions(reader: ConfigReader): number {
  const section = reader.object("rope_parameters") ?? reader.object("rope_scaling");
  if (!section?.raw("llama_4_scaling_beta")) return Number.POSITIVE_INFINITY;
  return section.size("original_max_position_embeddings", { max: MAX_POSITIONS });
}
