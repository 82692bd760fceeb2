// Ernie4_5_MoeForCausalLM: ERNIE 4.5 with experts, chosen by biased scores, beside those that every token goes through (Baidu 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedExperts, gatedMlp } from "../hf-modules.js";
import { ernieAttention, readErnieConfig } from "./ernie4-5.js";
import { llamaBlueprint } from "./llama.js";
import { MAX_EXPERTS } from "./mixtral.js";
import type { QwenExpertsConfig } from "./qwen3-moe.js";

const NAME = "Ernie4_5_MoeForCausalLM";

export interface Ernie45MoeConfig extends Omit<QwenExpertsConfig, "renormalizes"> {
  /** Width of what every token goes through; 0: there is none. */
  readonly sharedSize: number;
}

export const ernie45Moe: Architecture<Ernie45MoeConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): Ernie45MoeConfig {
    const config = readErnieConfig(reader, NAME);
    const numExperts = reader.size("moe_num_experts", { fallback: 64, max: MAX_EXPERTS });
    const expertSize = reader.size("moe_intermediate_size", { fallback: 1536, max: 2 ** 20 });
    const layer = { min: -1, max: 2 ** 12 };
    const first = reader.integer("moe_layer_start_index", { fallback: 1, ...layer });
    const last = reader.integer("moe_layer_end_index", { fallback: -1, ...layer });
    const step = reader.size("moe_layer_interval", { fallback: 1, max: 2 ** 12 });
    const isSparse = (index: number) => (index + 1) % step === 0 && index >= first && (last === -1 || index <= last);
    return {
      ...config,
      numExperts,
      numExpertsPerToken: reader.size("moe_k", { fallback: 6, max: numExperts }),
      expertSize,
      sharedSize: expertSize * reader.integer("moe_num_shared_experts", { fallback: 2, min: 0, max: 64 }),
      isSparse: Array.from({ length: config.numLayers }, (_, index) => isSparse(index)),
    };
  },
  blueprint(config) {
    const { numExperts, numExpertsPerToken, sharedSize, isSparse } = config;
    return llamaBlueprint(config, {
      attention: () => ernieAttention(config),
      mlp(index, layer) {
        const id = `${layer}.mlp`;
        if (!isSparse[index]) return gatedMlp(id, config);
        const bias = `${id}.moe_statics.e_score_correction_bias`;
        return gatedExperts(id, config, {
          numExpertsPerToken,
          scoring: "softmax",
          renormalize: true,
          choiceBias: { kind: "tensor", id: bias, name: bias, shape: [numExperts], dtype: "float32" },
          shared:
            sharedSize > 0 ? gatedMlp(`${id}.shared_experts`, { ...config, intermediateSize: sharedSize }) : undefined,
        });
      },
    });
  },
};
