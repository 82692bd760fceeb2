// GPTNeoXForCausalLM, Pythia too: partial rotation, attention and MLP side by side (Black et al. 2022).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedAttention, plainMlp } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { splitQkvGroups } from "../row-order.js";

const NAME = "GPTNeoXForCausalLM";
const BASE = "gpt_neox";

export interface GptNeoXConfig extends ModelConfig {
  readonly attentionBias: boolean;
  /** Whether attention and MLP read the same stream. */
  readonly isParallel: boolean;
}

export const gptNeoX: Architecture<GptNeoXConfig> = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig(reader: ConfigReader): GptNeoXConfig {
    const renamed = reader.renamed({
      rms_norm_eps: "layer_norm_eps",
      rope_theta: "rotary_emb_base",
      partial_rotary_factor: "rotary_pct",
    });
    const defaults = {
      activation: "gelu" as const,
      normEps: 1e-5,
      bosTokenId: 0,
      eosTokenIds: [2],
      rope: { rotaryShare: 0.25 },
    };
    return {
      ...readDecoderConfig(renamed, NAME, defaults),
      attentionBias: reader.boolean("attention_bias", true),
      isParallel: reader.boolean("use_parallel_residual", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, headDim, normEps, attentionBias, isParallel } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const qkv = { bias: attentionBias, rows: splitQkvGroups(numHeads, 1, headDim) };
    return decoderBlueprint(
      config,
      norm(`${BASE}.final_layer_norm`),
      (index, id) => ({
        kind: isParallel ? "parallel" : "sequential",
        inputNorm: norm(`${id}.input_layernorm`),
        attention: mergedAttention(
          { qkv: `${id}.attention.query_key_value`, output: `${id}.attention.dense` },
          index,
          config,
          qkv,
          { rope: 0 },
        ),
        mlpNorm: norm(`${id}.post_attention_layernorm`),
        mlp: plainMlp(`${id}.mlp.dense_h_to_4h`, `${id}.mlp.dense_4h_to_h`, config),
      }),
      { embedding: `${BASE}.embed_in`, layers: `${BASE}.layers`, head: "embed_out" },
    );
  },
};
