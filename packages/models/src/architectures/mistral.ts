// MistralForCausalLM and MinistralForCausalLM: Llama with a sliding window, in all layers or in some (Jiang et al. 2023).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { type ModelConfig, readActivation, readDecoderConfig } from "../model-config.js";
import { readWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "MistralForCausalLM";

export const mistral: Architecture = {
  name: NAME,
  aliases: ["CwmForCausalLM", "MinistralForCausalLM", "Mistral3ForConditionalGeneration"],
  readConfig(reader: ConfigReader): ModelConfig {
    readActivation(reader, "hidden_act", ["silu"]);
    const defaults = { maxPositions: 2 ** 17, bosTokenId: 1, eosTokenIds: [2], numKvHeads: 8 };
    const config = readDecoderConfig(reader, NAME, defaults);
    return { ...config, windows: readWindows(reader, config.numLayers) };
  },
  blueprint: (config) => llamaBlueprint(config),
};
