// BioGptForCausalLM: learned positions from row 2 on, a scaled embedding (Luo et al. 2022).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, plainMlp, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readPlainConfig } from "../model-config.js";
import { tensorParameter } from "../parameters.js";

const NAME = "BioGptForCausalLM";
const BASE = "biogpt";
/** In its code; `layer_norm_eps` is not read there. */
const NORM_EPS = 1e-5;
const FIRST_POSITION = 2;

export interface BioGptConfig extends ModelConfig {
  /** Whether the embedding is multiplied by the square root of its width. */
  readonly scalesEmbedding: boolean;
}

export const bioGpt: Architecture<BioGptConfig> = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig(reader: ConfigReader): BioGptConfig {
    const defaults = {
      maxPositions: 1024,
      activation: "gelu" as const,
      tieWordEmbeddings: true,
      bosTokenId: 0,
      eosTokenIds: [2],
    };
    return {
      ...readPlainConfig(reader, NAME, defaults),
      normEps: NORM_EPS,
      scalesEmbedding: reader.boolean("scale_embedding", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, maxPositions, normEps, scalesEmbedding } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const { embedding, ...rest } = decoderBlueprint(
      config,
      norm(`${BASE}.layer_norm`),
      (index, id) => ({
        kind: "sequential",
        inputNorm: norm(`${id}.self_attn_layer_norm`),
        attention: selfAttention(`${id}.self_attn`, index, config, {
          bias: true,
          outputName: "out_proj",
          rope: undefined,
        }),
        mlpNorm: norm(`${id}.final_layer_norm`),
        mlp: plainMlp(`${id}.fc1`, `${id}.fc2`, config),
      }),
      { embedding: `${BASE}.embed_tokens`, layers: `${BASE}.layers`, head: "output_projection" },
    );
    const table = tensorParameter(`${BASE}.embed_positions`, [maxPositions + FIRST_POSITION, hiddenSize]);
    return {
      ...rest,
      embedding: {
        ...embedding,
        scale: scalesEmbedding ? Math.sqrt(hiddenSize) : 1,
        positions: { table, offset: FIRST_POSITION },
      },
    };
  },
};
