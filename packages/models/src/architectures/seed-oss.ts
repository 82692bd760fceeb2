// SeedOssForCausalLM: Llama with biases on q, k and v, and on others where the config says so (ByteDance 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "SeedOssForCausalLM";

export interface SeedOssConfig extends LlamaConfig {
  readonly outputBias: boolean;
}

export const seedOss: Architecture<SeedOssConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): SeedOssConfig {
    return {
      ...readDecoderConfig(reader, NAME, { maxPositions: 2 ** 19, headDim: 128, bosTokenId: 0, eosTokenIds: [2] }),
      attentionBias: reader.boolean("attention_bias", true),
      outputBias: reader.boolean("attention_out_bias", false),
      mlpBias: reader.boolean("mlp_bias", false),
    };
  },
  blueprint: (config) =>
    llamaBlueprint(config, {
      attention: () => ({ bias: config.attentionBias, outputBias: config.outputBias }),
      mlp: (_, id) => gatedMlp(`${id}.mlp`, config, { bias: config.mlpBias }),
    }),
};
