// HYV3ForCausalLM: Hy3, Llama with norms on heads and experts that are routed as DeepSeek V3's, under other names (Tencent 2026).
import type { Architecture } from "../architecture.js";
import type { ExpertsMlpSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { expertsMlp, gatedMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { linearParameter } from "../parameters.js";
import { isOfDraftLayer, readSigmoidRouting, type SharedExpertsConfig } from "../shared-experts.js";
import { llamaBlueprint } from "./llama.js";
import { type Qwen3Config, qwen3Attention } from "./qwen3.js";

const NAME = "HYV3ForCausalLM";

export interface HyV3Config extends Qwen3Config, SharedExpertsConfig {}

export const hyV3: Architecture<HyV3Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): HyV3Config {
    if (reader.boolean("mlp_bias", false)) reader.unsupported("mlp_bias", ["false"]);
    const config = readDecoderConfig(reader, NAME, {
      maxPositions: 2 ** 17,
      normEps: 1e-5,
      headDim: 128,
      numKvHeads: 8,
      rope: { theta: 11_158_840 },
    });
    const fields = reader.renamed({
      n_routed_experts: "num_experts",
      n_shared_experts: "num_shared_experts",
      routed_scaling_factor: "router_scaling_factor",
    });
    return {
      ...config,
      ...readSigmoidRouting(fields, config, { numExperts: 192, denseLayers: 1 }),
      attentionBias: reader.boolean("attention_bias", false),
    };
  },
  isUnread: isOfDraftLayer,
  blueprint: (config) =>
    llamaBlueprint(config, {
      attention: (_, id) => qwen3Attention(id, config),
      mlp: (index, id) => (config.isSparse[index] ? hyExperts(`${id}.mlp`, config) : gatedMlp(`${id}.mlp`, config)),
    }),
};

function hyExperts(id: string, config: HyV3Config): ExpertsMlpSpec {
  const { hiddenSize, numExperts, expertSize, numSharedExperts } = config;
  const mlp = (name: string, count: number) =>
    gatedMlp(`${id}.${name}`, { ...config, intermediateSize: count * expertSize });
  const bias = `${id}.expert_bias`;
  const router = linearParameter(`${id}.gate`, hiddenSize, [[`${id}.router.gate`, numExperts]]);
  return expertsMlp(router, numExperts, (index) => mlp(`experts.${index}`, 1), {
    numExpertsPerToken: config.numExpertsPerToken,
    scoring: config.scoring,
    renormalize: config.renormalizes,
    scale: config.routedScale,
    choiceBias: { kind: "tensor", id: bias, name: bias, shape: [numExperts], dtype: "float32" },
    shared: numSharedExperts > 0 ? mlp("shared_mlp", numSharedExperts) : undefined,
  });
}
