// MixtralForCausalLM: Mistral with a mixture of experts (Jiang et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { expertsMlp, splitGatedMlp } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { linearParameter } from "../parameters.js";
import { readWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "MixtralForCausalLM";
/** A bound on an untrusted count. */
export const MAX_EXPERTS = 2 ** 12;

/** What models with experts have in their configs. */
export interface ExpertsConfig extends ModelConfig {
  readonly numExperts: number;
  readonly numExpertsPerToken: number;
}

export const mixtral: Architecture<ExpertsConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): ExpertsConfig {
    const defaults = { maxPositions: 2 ** 17, normEps: 1e-5, bosTokenId: 1, eosTokenIds: [2], numKvHeads: 8 };
    const config = readDecoderConfig(reader, NAME, { ...defaults, rope: { theta: 1e6 } });
    const numExperts = reader.size("num_local_experts", { fallback: 8, max: MAX_EXPERTS });
    return {
      ...config,
      windows: readWindows(reader, config.numLayers),
      numExperts,
      numExpertsPerToken: reader.size("num_experts_per_tok", { fallback: 2, max: numExperts }),
    };
  },
  blueprint(config) {
    const { hiddenSize, numExperts, numExpertsPerToken } = config;
    return llamaBlueprint(config, {
      mlp(_, layer) {
        const id = `${layer}.block_sparse_moe`;
        const router = linearParameter(`${id}.gate`, hiddenSize, [[`${id}.gate`, numExperts]]);
        const expert = (index: number) => splitGatedMlp(`${id}.experts.${index}`, ["w1", "w3", "w2"], config);
        return expertsMlp(router, numExperts, expert, { numExpertsPerToken, scoring: "softmax", renormalize: true });
      },
    });
  },
};
