// GemmaForCausalLM: norms that multiply by 1 + weight, a scaled embedding, a GELU gate (Gemma Team 2024).
import type { Architecture } from "../architecture.js";
import type { Blueprint, LayerSpec, NormSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, rmsNorm, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readActivation, readDecoderConfig } from "../model-config.js";

const NAME = "GemmaForCausalLM";

/** What the config of a Gemma leaves out means this. */
export const GEMMA_DEFAULTS = {
  maxPositions: 8192,
  headDim: 256,
  tieWordEmbeddings: true,
  bosTokenId: 2,
  eosTokenIds: [1],
} as const;

export interface GemmaConfig extends ModelConfig {
  /** Whether the projections of attention have biases. */
  readonly attentionBias: boolean;
}

export const gemma: Architecture<GemmaConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): GemmaConfig {
    const field = reader.has("hidden_activation") ? "hidden_activation" : "hidden_act";
    const activation = readActivation(reader, field, "gelu_tanh");
    return {
      ...readDecoderConfig(reader, NAME, GEMMA_DEFAULTS),
      // The first releases say "gelu", but were trained with the tanh form.
      activation: activation === "gelu" ? "gelu_tanh" : activation,
      attentionBias: reader.boolean("attention_bias", false),
    };
  },
  blueprint: (config) =>
    gemmaBlueprint(config, (index, id) => ({
      kind: "sequential",
      inputNorm: gemmaNorm(`${id}.input_layernorm`, config),
      attention: selfAttention(`${id}.self_attn`, index, config, { bias: config.attentionBias }),
      mlpNorm: gemmaNorm(`${id}.post_attention_layernorm`, config),
      mlp: gatedMlp(`${id}.mlp`, config),
    })),
};

/** Norm of the stream, or of heads of another `size`. */
export function gemmaNorm(id: string, { hiddenSize, normEps }: ModelConfig, size = hiddenSize): NormSpec {
  return rmsNorm(id, size, normEps, 1);
}

export function gemmaBlueprint(config: ModelConfig, layer: (index: number, id: string) => LayerSpec): Blueprint {
  const blueprint = decoderBlueprint(config, gemmaNorm("model.norm", config), layer);
  return { ...blueprint, embedding: { ...blueprint.embedding, scale: Math.sqrt(config.hiddenSize) } };
}
