// HeliumForCausalLM: Llama whose neighbouring dimensions rotate (Kyutai 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { splitRotaryPairs } from "../row-order.js";
import { type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "HeliumForCausalLM";

export const helium: Architecture<LlamaConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): LlamaConfig {
    return {
      ...readDecoderConfig(reader, NAME, {
        maxPositions: 4096,
        normEps: 1e-8,
        headDim: 128,
        bosTokenId: 1,
        eosTokenIds: [2],
        rope: { theta: 100000 },
      }),
      attentionBias: reader.boolean("attention_bias", false),
      mlpBias: reader.boolean("mlp_bias", false),
    };
  },
  blueprint: (config) =>
    llamaBlueprint(config, {
      attention: () => ({
        bias: config.attentionBias,
        outputBias: false,
        rows: splitRotaryPairs(config.headDim, config.headDim),
      }),
      mlp: (_, id) => gatedMlp(`${id}.mlp`, config, { bias: config.mlpBias }),
    }),
};
