// OlmoeForCausalLM: experts in every layer, norms on all of q and k (Muennighoff et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedExperts, rmsNorm } from "../hf-modules.js";
import { readActivation, readDecoderConfig } from "../model-config.js";
import { llamaBlueprint } from "./llama.js";
import { type ExpertsConfig, MAX_EXPERTS } from "./mixtral.js";

const NAME = "OlmoeForCausalLM";

export interface OlmoeConfig extends ExpertsConfig {
  readonly attentionBias: boolean;
  /** Whether the weights of a token's experts sum to 1. */
  readonly renormalizes: boolean;
}

export const olmoe: Architecture<OlmoeConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): OlmoeConfig {
    readActivation(reader, "hidden_act", ["silu"]);
    if (reader.has("clip_qkv")) reader.unsupported("clip_qkv", ["null"]);
    const numExperts = reader.size("num_experts", { fallback: 64, max: MAX_EXPERTS });
    return {
      ...readDecoderConfig(reader, NAME, { maxPositions: 4096, normEps: 1e-5, eosTokenIds: [50279] }),
      attentionBias: reader.boolean("attention_bias", false),
      numExperts,
      numExpertsPerToken: reader.size("num_experts_per_tok", { fallback: 8, max: numExperts }),
      renormalizes: reader.boolean("norm_topk_prob", false),
    };
  },
  blueprint(config) {
    const { intermediateSize: expertSize, numHeads, numKvHeads, headDim, normEps } = config;
    const { attentionBias: bias, numExpertsPerToken, renormalizes: renormalize } = config;
    return llamaBlueprint(config, {
      attention: (_, id) => ({
        bias,
        queryNorm: rmsNorm(`${id}.q_norm`, numHeads * headDim, normEps),
        keyNorm: rmsNorm(`${id}.k_norm`, numKvHeads * headDim, normEps),
      }),
      mlp: (_, id) =>
        gatedExperts(`${id}.mlp`, { ...config, expertSize }, { numExpertsPerToken, scoring: "softmax", renormalize }),
    });
  },
};
