// Ernie4_5ForCausalLM: Llama whose neighbouring dimensions rotate (Baidu 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import type { SelfAttentionOptions } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { splitRotaryPairs } from "../row-order.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "Ernie4_5ForCausalLM";

export const ernie45: Architecture = {
  name: NAME,
  aliases: ["Ernie4_5_ForCausalLM"],
  readConfig: (reader) => readErnieConfig(reader, NAME, 128),
  blueprint: (config) => llamaBlueprint(config, { attention: () => ernieAttention(config) }),
};

/** @param headDim where config.json has none; absent: the width by the heads */
export function readErnieConfig(reader: ConfigReader, architecture: string, headDim?: number): ModelConfig {
  if (reader.boolean("use_bias", false)) reader.unsupported("use_bias", ["false"]);
  return readDecoderConfig(reader, architecture, {
    maxPositions: 2 ** 17,
    normEps: 1e-5,
    tieWordEmbeddings: true,
    bosTokenId: 1,
    eosTokenIds: [2],
    headDim,
    rope: { theta: 500000 },
  });
}

export function ernieAttention({ headDim }: ModelConfig): SelfAttentionOptions {
  return { rows: splitRotaryPairs(headDim, headDim) };
}
