// Qwen3MoeForCausalLM: Qwen3 with a mixture of experts in most layers (Yang et al. 2025).
import type { Architecture } from "../architecture.js";
import type { Blueprint } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedExperts, gatedMlp } from "../hf-modules.js";
import type { ModelConfig } from "../model-config.js";
import { llamaBlueprint } from "./llama.js";
import { type ExpertsConfig, MAX_EXPERTS } from "./mixtral.js";
import { type Qwen3Config, qwen3Attention, readQwen3Config } from "./qwen3.js";

const NAME = "Qwen3MoeForCausalLM";

/** What Qwens with experts have in their configs. */
export interface QwenExpertsConfig extends ExpertsConfig {
  /** Width of an expert. */
  readonly expertSize: number;
  /** Whether the weights of a token's experts sum to 1. */
  readonly renormalizes: boolean;
  /** For each layer, whether it has experts. */
  readonly isSparse: readonly boolean[];
}

export type Qwen3MoeConfig = Qwen3Config & QwenExpertsConfig;

export const qwen3Moe: Architecture<Qwen3MoeConfig> = {
  name: NAME,
  aliases: ["Qwen3OmniMoeForConditionalGeneration"],
  readConfig(reader: ConfigReader): Qwen3MoeConfig {
    const config = readQwen3Config(reader, NAME);
    return { ...config, ...readQwenExperts(reader, config.numLayers, { count: 128, chosen: 8, size: 768 }) };
  },
  blueprint: (config) => qwen3MoeBlueprint(config),
};

/** @param rope of a layer, by its number in the blueprint. Default: the first */
export function qwen3MoeBlueprint(config: Qwen3MoeConfig, rope: (index: number) => number = () => 0): Blueprint {
  const { numExpertsPerToken, renormalizes: renormalize, isSparse } = config;
  return llamaBlueprint(config, {
    attention: (index, id) => ({ ...qwen3Attention(id, config), rope: rope(index) }),
    mlp: (index, id) =>
      isSparse[index]
        ? gatedExperts(`${id}.mlp`, config, { numExpertsPerToken, scoring: "softmax", renormalize })
        : gatedMlp(`${id}.mlp`, config),
  });
}

/** @param usual what the fields mean where config.json leaves them out */
export function readQwenExperts(
  reader: ConfigReader,
  numLayers: number,
  usual: { readonly count: number; readonly chosen: number; readonly size: number },
): Omit<QwenExpertsConfig, keyof ModelConfig> {
  const fields = reader.renamed({ num_experts: "num_local_experts" });
  const numExperts = fields.size("num_experts", { fallback: usual.count, max: MAX_EXPERTS });
  const dense = reader.tokenIds("mlp_only_layers") ?? [];
  const step = reader.size("decoder_sparse_step", { fallback: 1, max: 2 ** 12 });
  return {
    numExperts,
    numExpertsPerToken: reader.size("num_experts_per_tok", { fallback: usual.chosen, max: numExperts }),
    expertSize: reader.size("moe_intermediate_size", { fallback: usual.size, max: 2 ** 20 }),
    renormalizes: reader.boolean("norm_topk_prob", false),
    isSparse: Array.from({ length: numLayers }, (_, i) => !dense.includes(i) && (i + 1) % step === 0),
  };
}
