// LlamaForCausalLM: Llama 1 to 3 and what is built like them (Touvron et al. 2023).
import type { Architecture } from "../architecture.js";
import type { Blueprint, MlpSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, rmsNorm, type SelfAttentionOptions, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";

const NAME = "LlamaForCausalLM";

/** What a Llama has beyond every model. */
export interface LlamaConfig extends ModelConfig {
  /** Whether the projections of attention have biases. */
  readonly attentionBias: boolean;
  /** Whether those of the feed-forward part have. */
  readonly mlpBias: boolean;
}

export const llama: Architecture<LlamaConfig> = {
  name: NAME,
  aliases: [
    "AquilaForCausalLM",
    "InternLM3ForCausalLM",
    "IQuestCoderForCausalLM",
    "LLaMAForCausalLM",
    "XverseForCausalLM",
  ],
  readConfig(reader: ConfigReader) {
    return {
      ...readDecoderConfig(reader, NAME, { bosTokenId: 1, eosTokenIds: [2] }),
      attentionBias: reader.boolean("attention_bias", false),
      mlpBias: reader.boolean("mlp_bias", false),
    };
  },
  blueprint: (config) =>
    llamaBlueprint(config, {
      attention: () => ({ bias: config.attentionBias }),
      mlp: (_, id) => gatedMlp(`${id}.mlp`, config, { bias: config.mlpBias }),
    }),
};

/** Where a model departs from Llama, layer by layer. */
export interface LlamaChanges {
  /** @param id of the layer's attention */
  readonly attention?: (index: number, id: string) => SelfAttentionOptions;
  /** @param id of the layer */
  readonly mlp?: (index: number, id: string) => MlpSpec;
  /** Whether norms stand behind attention and MLP, and none before them (OLMo 2, EXAONE 4). Default false. */
  readonly normsOutputs?: boolean;
}

/** A Llama by its modules' names: two norms a layer, attention and a gated MLP without biases. */
export function llamaBlueprint(
  config: ModelConfig,
  { attention, mlp, normsOutputs = false }: LlamaChanges = {},
): Blueprint {
  const norm = (id: string) => rmsNorm(id, config.hiddenSize, config.normEps);
  return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
    kind: "sequential",
    ...(normsOutputs
      ? {
          attentionOutputNorm: norm(`${id}.post_attention_layernorm`),
          mlpOutputNorm: norm(`${id}.post_feedforward_layernorm`),
        }
      : { inputNorm: norm(`${id}.input_layernorm`), mlpNorm: norm(`${id}.post_attention_layernorm`) }),
    attention: selfAttention(`${id}.self_attn`, index, config, attention?.(index, `${id}.self_attn`)),
    mlp: mlp?.(index, id) ?? gatedMlp(`${id}.mlp`, config),
  }));
}
