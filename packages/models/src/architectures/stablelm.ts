// StableLmForCausalLM: layer norms, partial rotation (Bellagente et al. 2024).
import type { Architecture } from "../architecture.js";
import type { NormSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, layerNorm, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";

const NAME = "StableLmForCausalLM";

export interface StableLmConfig extends ModelConfig {
  readonly qkvBias: boolean;
  /** Whether each head of q and k has a norm of its own. */
  readonly normsHeads: boolean;
  /** Whether attention and MLP read the same stream. */
  readonly isParallel: boolean;
}

export const stableLm: Architecture<StableLmConfig> = {
  name: NAME,
  aliases: ["StableLMEpochForCausalLM"],
  readConfig(reader: ConfigReader): StableLmConfig {
    const fields = reader.renamed({ rms_norm_eps: reader.has("norm_eps") ? "norm_eps" : "layer_norm_eps" });
    const defaults = {
      maxPositions: 4096,
      normEps: 1e-5,
      bosTokenId: 0,
      eosTokenIds: [0],
      rope: { rotaryShare: 0.25 },
    };
    return {
      ...readDecoderConfig(fields, NAME, defaults),
      qkvBias: reader.boolean("use_qkv_bias", false),
      normsHeads: reader.boolean("qk_layernorm", false),
      isParallel: reader.boolean("use_parallel_residual", false),
    };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, numKvHeads, headDim, normEps, qkvBias, normsHeads, isParallel } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const headNorm = (id: string, heads: number): NormSpec | undefined =>
      normsHeads
        ? {
            kind: "layer",
            weight: {
              kind: "tensor",
              id,
              name: id,
              shape: [heads, headDim],
              rowNames: Array.from({ length: heads }, (_, head) => `${id}.norms.${head}.weight`),
            },
            eps: normEps,
          }
        : undefined;
    return decoderBlueprint(config, norm("model.norm"), (index, id) => {
      const parts = {
        inputNorm: norm(`${id}.input_layernorm`),
        attention: selfAttention(`${id}.self_attn`, index, config, {
          bias: qkvBias,
          outputBias: false,
          queryNorm: headNorm(`${id}.self_attn.q_layernorm`, numHeads),
          keyNorm: headNorm(`${id}.self_attn.k_layernorm`, numKvHeads),
        }),
        mlp: gatedMlp(`${id}.mlp`, config),
      };
      return isParallel
        ? { kind: "parallel", ...parts }
        : { kind: "sequential", ...parts, mlpNorm: norm(`${id}.post_attention_layernorm`) };
    });
  },
};
