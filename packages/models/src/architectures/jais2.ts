// Jais2ForCausalLM: Nemotron's blocks with usual layer norms, full rotation and biases (Inception 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { readDecoderConfig } from "../model-config.js";
import type { LlamaConfig } from "./llama.js";
import { nemotronBlueprint } from "./nemotron.js";

const NAME = "Jais2ForCausalLM";

export const jais2: Architecture<LlamaConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): LlamaConfig {
    return {
      ...readDecoderConfig(reader.renamed({ rms_norm_eps: "layer_norm_eps" }), NAME, {
        maxPositions: 8192,
        normEps: 1e-5,
        activation: "relu2",
        bosTokenId: 0,
        eosTokenIds: [150024],
      }),
      attentionBias: reader.boolean("attention_bias", true),
      mlpBias: reader.boolean("mlp_bias", true),
    };
  },
  blueprint: (config) => nemotronBlueprint(config, 0),
};
