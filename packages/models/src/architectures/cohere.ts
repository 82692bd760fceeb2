// CohereForCausalLM (Command R, Aya) and Cohere2ForCausalLM (Command R7B, Command A): attention and MLP side by side, neighbouring
// dimensions rotate; Cohere2 has windows, and rotates in the layers that have one (Cohere 2024, 2025).
import type { Architecture } from "../architecture.js";
import type { NormSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, layerNorm, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { splitRotaryPairs } from "../row-order.js";
import { readWindows } from "../windows.js";

export interface CohereConfig extends ModelConfig {
  readonly attentionBias: boolean;
  /** Whether each head of q and k has a norm of its own (Command R+). */
  readonly normsHeads: boolean;
  /** Factor of the logits. */
  readonly logitScale: number;
  /** For each layer, whether positions rotate its queries and keys. */
  readonly rotates: readonly boolean[];
}

export const cohere: Architecture<CohereConfig> = {
  name: "CohereForCausalLM",
  readConfig(reader: ConfigReader): CohereConfig {
    const config = readShared(reader, "CohereForCausalLM", 500000);
    const normsHeads = reader.boolean("use_qk_norm", false);
    return { ...config, normsHeads, rotates: config.windows.map(() => true) };
  },
  blueprint: cohereBlueprint,
};

export const cohere2: Architecture<CohereConfig> = {
  name: "Cohere2ForCausalLM",
  readConfig(reader: ConfigReader): CohereConfig {
    const config = readShared(reader, "Cohere2ForCausalLM", 10000);
    const period = reader.size("sliding_window_pattern", { fallback: 4, max: 2 ** 12 });
    const slides = (index: number) => (index + 1) % period !== 0;
    const windows = readWindows(reader, config.numLayers, { window: 4096, slides });
    return { ...config, normsHeads: false, windows, rotates: windows.map((window) => window !== null) };
  },
  blueprint: cohereBlueprint,
};

function readShared(reader: ConfigReader, architecture: string, theta: number) {
  // Where there is a model_max_length, Command R was trained on it (llama.cpp takes it, too).
  const fields = reader.renamed({ rms_norm_eps: "layer_norm_eps", max_position_embeddings: "model_max_length" });
  const config = readDecoderConfig(fields, architecture, {
    maxPositions: 8192,
    normEps: 1e-5,
    tieWordEmbeddings: true,
    bosTokenId: 5,
    eosTokenIds: [255001],
    rope: { theta },
  });
  return {
    ...config,
    attentionBias: reader.boolean("attention_bias", false),
    logitScale: reader.number("logit_scale", { fallback: 0.0625, min: 0, aboveMin: true, max: 1e6 }),
  };
}

function cohereBlueprint(config: CohereConfig) {
  const { hiddenSize, numHeads, numKvHeads, headDim, normEps, attentionBias, normsHeads, logitScale, rotates } = config;
  const norm = (id: string) => layerNorm(id, hiddenSize, normEps, { bias: false });
  const pairs = splitRotaryPairs(headDim, headDim);
  const headNorm = (id: string, heads: number): NormSpec | undefined =>
    normsHeads
      ? {
          kind: "layer",
          weight: { kind: "tensor", id, name: `${id}.weight`, shape: [heads, headDim], order: pairs },
          eps: normEps,
        }
      : undefined;
  const { head, ...rest } = decoderBlueprint(config, norm("model.norm"), (index, id) => ({
    kind: "parallel",
    inputNorm: norm(`${id}.input_layernorm`),
    attention: selfAttention(`${id}.self_attn`, index, config, {
      bias: attentionBias,
      rows: pairs,
      rope: rotates[index] ? 0 : undefined,
      queryNorm: headNorm(`${id}.self_attn.q_norm`, numHeads),
      keyNorm: headNorm(`${id}.self_attn.k_norm`, numKvHeads),
    }),
    mlp: gatedMlp(`${id}.mlp`, config),
  }));
  return { ...rest, head: { ...head, scale: logitScale } };
}
