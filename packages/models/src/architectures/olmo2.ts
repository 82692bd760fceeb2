// Olmo2ForCausalLM: norms on what attention and MLP give and on all of q and k, none on what they read (OLMo Team 2025).
import type { Architecture } from "../architecture.js";
import type { Blueprint } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { rmsNorm } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { type LlamaChanges, type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "Olmo2ForCausalLM";

export type Olmo2Config = Omit<LlamaConfig, "mlpBias">;

export const olmo2: Architecture<Olmo2Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): Olmo2Config {
    return {
      ...readDecoderConfig(reader, NAME, { normEps: 1e-5, eosTokenIds: [50279] }),
      attentionBias: reader.boolean("attention_bias", false),
    };
  },
  blueprint: (config) => olmo2Blueprint(config),
};

/**
 * @param rope of a layer, by its number in the blueprint. Default: the first
 * @param mlp of a layer. Default: a gated one
 */
export function olmo2Blueprint(
  config: Olmo2Config,
  rope: (index: number) => number = () => 0,
  mlp?: LlamaChanges["mlp"],
): Blueprint {
  const { normEps, numHeads, numKvHeads, headDim, attentionBias } = config;
  return llamaBlueprint(config, {
    normsOutputs: true,
    mlp,
    attention: (index, id) => ({
      bias: attentionBias,
      rope: rope(index),
      queryNorm: rmsNorm(`${id}.q_norm`, numHeads * headDim, normEps),
      keyNorm: rmsNorm(`${id}.k_norm`, numKvHeads * headDim, normEps),
    }),
  });
}
