// Qwen2ForCausalLM: Qwen2 and Qwen2.5, Llama with biases on q, k and v (Yang et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { readQwenWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "Qwen2ForCausalLM";

export const qwen2: Architecture = {
  name: NAME,
  aliases: [
    "MiMoForCausalLM",
    "Qwen2_5OmniForConditionalGeneration",
    "Qwen2_5OmniModel",
    "Qwen2VLForConditionalGeneration",
    "Qwen2_5_VLForConditionalGeneration",
  ],
  readConfig(reader: ConfigReader): ModelConfig {
    const config = readDecoderConfig(reader, NAME, { maxPositions: 2 ** 15 });
    return {
      ...config,
      windows: readQwenWindows(reader, config.numLayers),
    };
  },
  blueprint: (config) => llamaBlueprint(config, { attention: () => ({ bias: true, outputBias: false }) }),
};
