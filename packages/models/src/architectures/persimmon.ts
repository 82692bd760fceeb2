// PersimmonForCausalLM: layer norms, on each head of q and k too, squared ReLU, partial rotation (Adept 2023).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedAttention, plainMlp } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { splitQkvGroups } from "../row-order.js";

const NAME = "PersimmonForCausalLM";

export interface PersimmonConfig extends ModelConfig {
  /** Whether each head of q and k is normed. */
  readonly normsHeads: boolean;
}

export const persimmon: Architecture<PersimmonConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): PersimmonConfig {
    const config = readDecoderConfig(reader.renamed({ rms_norm_eps: "layer_norm_eps" }), NAME, {
      maxPositions: 2 ** 14,
      normEps: 1e-5,
      activation: "relu2",
      bosTokenId: 1,
      eosTokenIds: [2],
      rope: { rotaryShare: 0.5 },
    });
    return {
      ...config,
      normsHeads: reader.boolean("qk_layernorm", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, headDim, normEps, normsHeads } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const headNorm = (id: string) => (normsHeads ? layerNorm(id, headDim, normEps) : undefined);
    const qkv = { bias: true, rows: splitQkvGroups(numHeads, 1, headDim) };
    return decoderBlueprint(config, norm("model.final_layernorm"), (index, layer) => {
      const id = `${layer}.self_attn`;
      return {
        kind: "sequential",
        inputNorm: norm(`${layer}.input_layernorm`),
        attention: mergedAttention({ qkv: `${id}.query_key_value`, output: `${id}.dense` }, index, config, qkv, {
          rope: 0,
          queryNorm: headNorm(`${id}.q_layernorm`),
          keyNorm: headNorm(`${id}.k_layernorm`),
        }),
        mlpNorm: norm(`${layer}.post_attention_layernorm`),
        mlp: plainMlp(`${layer}.mlp.dense_h_to_4h`, `${layer}.mlp.dense_4h_to_h`, config),
      };
    });
  },
};
