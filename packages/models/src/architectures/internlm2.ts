// InternLM2ForCausalLM: Llama under other names, q, k and v of each group of heads merged (Cai et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, mergedAttention, rmsNorm, splitGatedMlp } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { splitQkvGroups } from "../row-order.js";

const NAME = "InternLM2ForCausalLM";

export interface InternLm2Config extends ModelConfig {
  readonly hasBiases: boolean;
}

export const internLm2: Architecture<InternLm2Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): InternLm2Config {
    return {
      ...readDecoderConfig(reader, NAME, { bosTokenId: 1, eosTokenIds: [2] }),
      hasBiases: reader.boolean("bias", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, numKvHeads, headDim, normEps, hasBiases: bias } = config;
    const norm = (id: string) => rmsNorm(id, hiddenSize, normEps);
    const rows = splitQkvGroups(numKvHeads, numHeads / numKvHeads, headDim);
    return decoderBlueprint(
      config,
      norm("model.norm"),
      (index, id) => ({
        kind: "sequential",
        inputNorm: norm(`${id}.attention_norm`),
        attention: mergedAttention(
          { qkv: `${id}.attention.wqkv`, output: `${id}.attention.wo` },
          index,
          config,
          { bias, rows },
          { rope: 0 },
        ),
        mlpNorm: norm(`${id}.ffn_norm`),
        mlp: splitGatedMlp(`${id}.feed_forward`, ["w1", "w3", "w2"], config),
      }),
      { embedding: "model.tok_embeddings", head: "output" },
    );
  },
};
