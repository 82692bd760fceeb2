// OlmoeForCausalLM: experts in every layer, norms on all of q and k (Muennighoff et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ExpertsMlpSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedExperts, rmsNorm } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
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
  readConfig: (reader) =>
    readOlmoeConfig(reader, NAME, { normEps: 1e-5, eosTokenIds: [50279], theta: 10000, count: 64, chosen: 8 }),
  blueprint(config) {
    const { numHeads, numKvHeads, headDim, normEps, attentionBias: bias } = config;
    return llamaBlueprint(config, {
      attention: (_, id) => ({
        bias,
        queryNorm: rmsNorm(`${id}.q_norm`, numHeads * headDim, normEps),
        keyNorm: rmsNorm(`${id}.k_norm`, numKvHeads * headDim, normEps),
      }),
      mlp: (_, id) => olmoeExperts(`${id}.mlp`, config),
    });
  },
};

/** What the fields mean where config.json leaves them out. */
interface OlmoeDefaults {
  readonly normEps: number;
  readonly eosTokenIds: readonly number[];
  readonly theta: number;
  /** Of experts, and of those that a token goes through. */
  readonly count: number;
  readonly chosen: number;
}

export function readOlmoeConfig(
  reader: ConfigReader,
  architecture: string,
  { normEps, eosTokenIds, theta, count, chosen }: OlmoeDefaults,
): OlmoeConfig {
  if (reader.has("clip_qkv")) reader.unsupported("clip_qkv", ["null"]);
  const numExperts = reader.size("num_experts", { fallback: count, max: MAX_EXPERTS });
  return {
    ...readDecoderConfig(reader, architecture, { maxPositions: 4096, normEps, eosTokenIds, rope: { theta } }),
    attentionBias: reader.boolean("attention_bias", false),
    numExperts,
    numExpertsPerToken: reader.size("num_experts_per_tok", { fallback: chosen, max: numExperts }),
    renormalizes: reader.boolean("norm_topk_prob", false),
  };
}

/** Experts as wide as `intermediate_size`. */
export function olmoeExperts(id: string, config: OlmoeConfig): ExpertsMlpSpec {
  const { intermediateSize: expertSize, numExpertsPerToken, renormalizes: renormalize } = config;
  return gatedExperts(id, { ...config, expertSize }, { numExpertsPerToken, scoring: "softmax", renormalize });
}
