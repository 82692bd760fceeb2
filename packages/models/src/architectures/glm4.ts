// GlmForCausalLM and Glm4ForCausalLM: neighbouring dimensions rotate, over half of a head; GLM-4-0414 also norms what attention and
// MLP give (GLM Team 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, mergedGatedMlp, rmsNorm, selfAttention } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { splitRotaryPairs } from "../row-order.js";
import type { LlamaConfig } from "./llama.js";

type GlmConfig = Omit<LlamaConfig, "mlpBias">;

export const glm: Architecture<GlmConfig> = glmNamed("GlmForCausalLM", { headDim: 128 });
export const glm4: Architecture<GlmConfig> = glmNamed("Glm4ForCausalLM", { headDim: 128, normsOutputs: true });
export const glm4v: Architecture<GlmConfig> = glmNamed("Glm4vForConditionalGeneration", { normsOutputs: true });

/** @param headDim where config.json leaves it out; default: the width divided by the heads */
function glmNamed(
  name: string,
  { headDim: usualHeadDim, normsOutputs = false }: { readonly headDim?: number; readonly normsOutputs?: boolean },
): Architecture<GlmConfig> {
  return {
    name,
    readConfig(reader: ConfigReader): GlmConfig {
      const eosTokenIds = [151329, 151336, 151338];
      const defaults = { maxPositions: 2 ** 17, normEps: 1.5625e-7, headDim: usualHeadDim, numKvHeads: 2, eosTokenIds };
      return {
        ...readDecoderConfig(reader, name, { ...defaults, rope: { rotaryShare: 0.5 } }),
        attentionBias: reader.boolean("attention_bias", true),
      };
    },
    blueprint(config) {
      const { hiddenSize, normEps, headDim, rope, attentionBias } = config;
      const norm = (id: string) => rmsNorm(id, hiddenSize, normEps);
      const outputNorm = (id: string) => (normsOutputs ? norm(id) : undefined);
      return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
        kind: "sequential",
        inputNorm: norm(`${id}.input_layernorm`),
        attention: selfAttention(`${id}.self_attn`, index, config, {
          bias: attentionBias,
          outputBias: false,
          rows: splitRotaryPairs(headDim, rope?.rotaryDim ?? headDim),
        }),
        attentionOutputNorm: outputNorm(`${id}.post_self_attn_layernorm`),
        mlpNorm: norm(`${id}.post_attention_layernorm`),
        mlp: mergedGatedMlp(`${id}.mlp.gate_up_proj`, `${id}.mlp.down_proj`, config),
        mlpOutputNorm: outputNorm(`${id}.post_mlp_layernorm`),
      }));
    },
  };
}
