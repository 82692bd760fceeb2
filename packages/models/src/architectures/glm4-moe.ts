// Glm4MoeForCausalLM: GLM-4.5 and 4.6, attention of heads with a mixture of experts that is routed as DeepSeek V3's (GLM Team 2025);
// SolarOpenForCausalLM: the same with experts in all layers (Upstage 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp } from "../hf-modules.js";
import { type DecoderDefaults, readDecoderConfig } from "../model-config.js";
import { isOfDraftLayer, readSigmoidRouting, type SharedExpertsConfig, sharedExpertsMlp } from "../shared-experts.js";
import { llamaBlueprint } from "./llama.js";
import { type Qwen3Config, qwen3Attention } from "./qwen3.js";

const NAME = "Glm4MoeForCausalLM";
const SOLAR = "SolarOpenForCausalLM";

export interface Glm4MoeConfig extends Qwen3Config, SharedExpertsConfig {
  /** Whether each head of q and k is normed. */
  readonly normsHeads: boolean;
}

export const glm4Moe: Architecture<Glm4MoeConfig> = {
  name: NAME,
  aliases: ["Glm4vMoeForConditionalGeneration"],
  readConfig: (reader) => ({
    ...readShared(reader, NAME, { rope: { rotaryShare: 0.5 } }, 1),
    normsHeads: reader.boolean("use_qk_norm", false),
  }),
  isUnread: isOfDraftLayer,
  blueprint: (config) =>
    llamaBlueprint(config, {
      attention: (_, id) => ({
        ...(config.normsHeads ? qwen3Attention(id, config) : { bias: config.attentionBias }),
        outputBias: false,
      }),
      mlp: (index, id) =>
        config.isSparse[index] ? sharedExpertsMlp(`${id}.mlp`, config) : gatedMlp(`${id}.mlp`, config),
    }),
};

export const solarOpen: Architecture<Glm4MoeConfig> = {
  ...glm4Moe,
  name: SOLAR,
  readConfig: (reader) => ({
    ...readShared(reader, SOLAR, { headDim: 128, intermediateSize: 1, rope: { theta: 1e6 } }, 0),
    normsHeads: false,
  }),
};

function readShared(reader: ConfigReader, architecture: string, own: DecoderDefaults, denseLayers: number) {
  const defaults = { maxPositions: 2 ** 17, normEps: 1e-5, numKvHeads: 8, ...own };
  const config = readDecoderConfig(reader, architecture, defaults);
  return {
    ...config,
    ...readSigmoidRouting(reader, config, { numExperts: 128, denseLayers }),
    attentionBias: reader.boolean("attention_bias", false),
  };
}
