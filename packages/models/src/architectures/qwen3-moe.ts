// Qwen3MoeForCausalLM: Qwen3 with a mixture of experts in most layers (Yang et al. 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { expertsMlp, gatedMlp } from "../hf-modules.js";
import { linearParameter } from "../parameters.js";
import { llamaBlueprint } from "./llama.js";
import { type ExpertsConfig, MAX_EXPERTS } from "./mixtral.js";
import { type Qwen3Config, qwen3Attention, readQwen3Config } from "./qwen3.js";

const NAME = "Qwen3MoeForCausalLM";

export interface Qwen3MoeConfig extends Qwen3Config, ExpertsConfig {
  /** Width of an expert. */
  readonly expertSize: number;
  /** Whether the weights of a token's experts sum to 1. */
  readonly renormalizes: boolean;
  /** For each layer, whether it has experts. */
  readonly isSparse: readonly boolean[];
}

export const qwen3Moe: Architecture<Qwen3MoeConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): Qwen3MoeConfig {
    const config = readQwen3Config(reader, NAME);
    const fields = reader.renamed({ num_experts: "num_local_experts" });
    const numExperts = fields.size("num_experts", { fallback: 128, max: MAX_EXPERTS });
    const dense = reader.tokenIds("mlp_only_layers") ?? [];
    const step = reader.size("decoder_sparse_step", { fallback: 1, max: 2 ** 12 });
    return {
      ...config,
      numExperts,
      numExpertsPerToken: reader.size("num_experts_per_tok", { fallback: 8, max: numExperts }),
      expertSize: reader.size("moe_intermediate_size", { fallback: 768, max: 2 ** 20 }),
      renormalizes: reader.boolean("norm_topk_prob", false),
      isSparse: Array.from({ length: config.numLayers }, (_, i) => !dense.includes(i) && (i + 1) % step === 0),
    };
  },
  blueprint(config) {
    const { hiddenSize, numExperts, numExpertsPerToken, expertSize, renormalizes: renormalize, isSparse } = config;
    const size = { hiddenSize, intermediateSize: expertSize };
    return llamaBlueprint(config, {
      attention: (_, id) => qwen3Attention(id, config),
      mlp(index, layer) {
        const id = `${layer}.mlp`;
        if (!isSparse[index]) return gatedMlp(id, config, "silu");
        const router = linearParameter(`${id}.gate`, hiddenSize, [[`${id}.gate`, numExperts]]);
        const expert = (number: number) => gatedMlp(`${id}.experts.${number}`, size, "silu");
        return expertsMlp(router, numExperts, expert, { numExpertsPerToken, scoring: "softmax", renormalize });
      },
    });
  },
};
