// Qwen2MoeForCausalLM: Qwen1.5-MoE and Qwen2-57B-A14B, Qwen2 with experts and one that every token goes through, by a gate of its own
// (Yang et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedExperts, gatedMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { linearParameter } from "../parameters.js";
import { llamaBlueprint } from "./llama.js";
import { type QwenExpertsConfig, readQwenExperts } from "./qwen3-moe.js";

const NAME = "Qwen2MoeForCausalLM";

export interface Qwen2MoeConfig extends QwenExpertsConfig {
  readonly qkvBias: boolean;
  /** Width of the expert that every token goes through. */
  readonly sharedSize: number;
}

export const qwen2Moe: Architecture<Qwen2MoeConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): Qwen2MoeConfig {
    if (reader.boolean("use_sliding_window", false)) reader.unsupported("use_sliding_window", ["false"]);
    const config = readDecoderConfig(reader, NAME, { maxPositions: 2 ** 15 });
    return {
      ...config,
      ...readQwenExperts(reader, config.numLayers, { count: 60, chosen: 4, size: 1408 }),
      qkvBias: reader.boolean("qkv_bias", true),
      sharedSize: reader.size("shared_expert_intermediate_size", { fallback: 5632, max: 2 ** 20 }),
    };
  },
  blueprint(config) {
    const { hiddenSize, numExpertsPerToken, sharedSize, renormalizes: renormalize, isSparse } = config;
    return llamaBlueprint(config, {
      attention: () => ({ bias: config.qkvBias, outputBias: false }),
      mlp(index, layer) {
        const id = `${layer}.mlp`;
        if (!isSparse[index]) return gatedMlp(id, config);
        const gate = `${id}.shared_expert_gate`;
        return gatedExperts(id, config, {
          numExpertsPerToken,
          scoring: "softmax",
          renormalize,
          shared: gatedMlp(`${id}.shared_expert`, { ...config, intermediateSize: sharedSize }),
          sharedGate: linearParameter(gate, hiddenSize, [[gate, 1]]),
        });
      },
    });
  },
};
