// ArceeForCausalLM: AFM-4.5B, a Llama with a plain MLP and squared ReLU (Arcee 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { plainMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "ArceeForCausalLM";

export const arcee: Architecture<LlamaConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): LlamaConfig {
    return {
      ...readDecoderConfig(reader, NAME, {
        maxPositions: 4096,
        normEps: 1e-5,
        activation: "relu2",
        bosTokenId: 128000,
        eosTokenIds: [128001],
      }),
      attentionBias: reader.boolean("attention_bias", false),
      mlpBias: reader.boolean("mlp_bias", false),
    };
  },
  blueprint: ({ attentionBias, mlpBias, ...config }) =>
    llamaBlueprint(config, {
      attention: () => ({ bias: attentionBias }),
      mlp: (_, id) => plainMlp(`${id}.mlp.up_proj`, `${id}.mlp.down_proj`, config, { bias: mlpBias }),
    }),
};
