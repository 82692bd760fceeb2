// Dots1ForCausalLM: Qwen3's attention, a mixture of experts as DeepSeek V3's (rednote 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { readSigmoidRouting, type SharedExpertsConfig, sharedExpertsMlp } from "../shared-experts.js";
import { readWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";
import { type Qwen3Config, qwen3Attention } from "./qwen3.js";

const NAME = "Dots1ForCausalLM";

export const dots1: Architecture<Qwen3Config & SharedExpertsConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader) {
    const config = readDecoderConfig(reader, NAME, {});
    const first = reader.integer("max_window_layers", { fallback: 62, min: 0, max: 2 ** 12 });
    return {
      ...config,
      ...readSigmoidRouting(reader, config, { numExperts: 128, numExpertsPerToken: 6, denseLayers: 0 }),
      renormalizes: reader.boolean("norm_topk_prob", false),
      attentionBias: reader.boolean("attention_bias", false),
      windows: readWindows(reader, config.numLayers, { slides: (index) => index >= first }),
    };
  },
  blueprint: (config) =>
    llamaBlueprint(config, {
      attention: (_, id) => qwen3Attention(id, config),
      mlp: (index, id) =>
        config.isSparse[index] ? sharedExpertsMlp(`${id}.mlp`, config) : gatedMlp(`${id}.mlp`, config),
    }),
};
