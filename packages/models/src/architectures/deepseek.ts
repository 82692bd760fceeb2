// DeepseekV2ForCausalLM and DeepseekV3ForCausalLM: latent attention, and experts chosen by groups beside some that every token goes
// through (DeepSeek-AI 2024). Kimi K2, Moonlight and Glm4MoeLiteForCausalLM, GLM-4.7-Flash, are DeepSeek V3 with other sizes.
import type { Architecture } from "../architecture.js";
import type { Blueprint } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, rmsNorm } from "../hf-modules.js";
import { type LatentConfig, latentAttention, readLatentConfig } from "../latent-modules.js";
import {
  isOfDraftLayer,
  readSigmoidRouting,
  readSparseLayers,
  type SharedExpertsConfig,
  sharedExpertsMlp,
} from "../shared-experts.js";

type DeepseekConfig = LatentConfig & SharedExpertsConfig;

const DEFAULTS = { maxPositions: 4096 } as const;

export const deepseekV2: Architecture<DeepseekConfig> = {
  name: "DeepseekV2ForCausalLM",
  readConfig(reader: ConfigReader): DeepseekConfig {
    checkNames(reader, { scoring_func: "softmax" });
    const method = reader.string("topk_method", "greedy");
    if (method !== "greedy" && method !== "group_limited_greedy") {
      reader.unsupported("topk_method", ["greedy", "group_limited_greedy"]);
    }
    // DeepSeek's code then leaves out routed_scaling_factor, transformers the norm: no checkpoint says which is meant.
    if (reader.boolean("norm_topk_prob", false)) reader.unsupported("norm_topk_prob", ["false"]);
    const config = readLatentConfig(reader, "DeepseekV2ForCausalLM", { ...DEFAULTS, bosTokenId: 1, eosTokenIds: [2] });
    const sparse = readSparseLayers(reader, config, { numExperts: 64, numExpertsPerToken: 6, denseLayers: 0 });
    const groups = method === "greedy" ? undefined : sparse.groups;
    return { ...config, ...sparse, groups, scoring: "softmax", renormalizes: false, hasChoiceBias: false };
  },
  blueprint: deepseekBlueprint,
};

export const deepseekV3: Architecture<DeepseekConfig> = {
  name: "DeepseekV3ForCausalLM",
  readConfig(reader: ConfigReader): DeepseekConfig {
    checkNames(reader, { scoring_func: "sigmoid", topk_method: "noaux_tc" });
    const config = readLatentConfig(reader, "DeepseekV3ForCausalLM", { ...DEFAULTS, bosTokenId: 0, eosTokenIds: [1] });
    return { ...config, ...readSigmoidRouting(reader, config, { numExperts: 256, denseLayers: 3 }) };
  },
  isUnread: isOfDraftLayer,
  blueprint: deepseekBlueprint,
};

export const glm4MoeLite: Architecture<DeepseekConfig> = {
  ...deepseekV3,
  name: "Glm4MoeLiteForCausalLM",
  readConfig(reader: ConfigReader): DeepseekConfig {
    const defaults = { maxPositions: 202752, normEps: 1e-5, bosTokenId: 0, eosTokenIds: [1] };
    const config = readLatentConfig(reader, "Glm4MoeLiteForCausalLM", defaults);
    return {
      ...config,
      ...readSigmoidRouting(reader, config, { numExperts: 64, numExpertsPerToken: 4, denseLayers: 1 }),
    };
  },
};

function checkNames(reader: ConfigReader, known: Readonly<Record<string, string>>): void {
  for (const [field, name] of Object.entries(known)) {
    if (reader.string(field, name) !== name) reader.unsupported(field, [name]);
  }
}

function deepseekBlueprint(config: DeepseekConfig): Blueprint {
  const norm = (id: string) => rmsNorm(id, config.hiddenSize, config.normEps);
  return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
    kind: "sequential",
    inputNorm: norm(`${id}.input_layernorm`),
    attention: latentAttention(`${id}.self_attn`, config),
    mlpNorm: norm(`${id}.post_attention_layernorm`),
    mlp: config.isSparse[index] ? sharedExpertsMlp(`${id}.mlp`, config) : gatedMlp(`${id}.mlp`, config),
  }));
}
