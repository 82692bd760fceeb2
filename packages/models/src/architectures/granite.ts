// GraniteForCausalLM: Llama with multipliers of embedding, attention, residuals and logits (IBM 2024).
import type { Architecture } from "../architecture.js";
import type { Blueprint } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { type LlamaChanges, type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "GraniteForCausalLM";

/** What a Granite has beyond a Llama without biases. */
export interface Multipliers {
  readonly embeddingMultiplier: number;
  /** Of scores, in place of headDim^-0.5. */
  readonly attentionMultiplier: number;
  readonly residualMultiplier: number;
  /** Logits are divided by it. */
  readonly logitsScaling: number;
}

export interface GraniteConfig extends LlamaConfig, Multipliers {}

export const granite: Architecture<GraniteConfig> = {
  name: NAME,
  readConfig: (reader) => ({ ...readGraniteConfig(reader, NAME), mlpBias: reader.boolean("mlp_bias", false) }),
  blueprint: (config) =>
    graniteBlueprint(config, {
      attention: () => ({ bias: config.attentionBias }),
      mlp: (_, id) => gatedMlp(`${id}.mlp`, config, { bias: config.mlpBias }),
    }),
};

export function readGraniteConfig(reader: ConfigReader, architecture: string): Omit<GraniteConfig, "mlpBias"> {
  const factor = (name: string) => reader.number(name, { fallback: 1, min: 0, aboveMin: true, max: 1e6 });
  return {
    ...readDecoderConfig(reader, architecture, { bosTokenId: 1, eosTokenIds: [2] }),
    attentionBias: reader.boolean("attention_bias", false),
    embeddingMultiplier: factor("embedding_multiplier"),
    attentionMultiplier: factor("attention_multiplier"),
    residualMultiplier: factor("residual_multiplier"),
    logitsScaling: factor("logits_scaling"),
  };
}

export function graniteBlueprint(config: ModelConfig & Multipliers, { attention, mlp }: LlamaChanges): Blueprint {
  const { embeddingMultiplier, attentionMultiplier, residualMultiplier, logitsScaling } = config;
  const { embedding, layers, head, ...rest } = llamaBlueprint(config, {
    attention: (index, id) => ({ scale: attentionMultiplier, ...attention?.(index, id) }),
    mlp,
  });
  return {
    ...rest,
    embedding: { ...embedding, scale: embeddingMultiplier },
    layers: layers.map((layer) => ({ ...layer, outputScale: residualMultiplier })),
    head: { ...head, scale: 1 / logitsScaling },
  };
}
