// NemotronForCausalLM: Nemotron-4 and Minitron; squared ReLU, layer norms whose weights count from 1, partial rotation (NVIDIA 2024).
import type { Architecture } from "../architecture.js";
import type { Blueprint } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, plainMlp, selfAttention } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import type { LlamaConfig } from "./llama.js";

const NAME = "NemotronForCausalLM";

export const nemotron: Architecture<LlamaConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): LlamaConfig {
    return {
      ...readDecoderConfig(reader.renamed({ rms_norm_eps: "norm_eps" }), NAME, {
        maxPositions: 4096,
        normEps: 1e-5,
        activation: "relu2",
        bosTokenId: 2,
        eosTokenIds: [3],
        rope: { rotaryShare: 0.5 },
      }),
      attentionBias: reader.boolean("attention_bias", false),
      mlpBias: reader.boolean("mlp_bias", false),
    };
  },
  blueprint: (config) => nemotronBlueprint(config, 1),
};

/** @param weightOffset added to the weights of norms */
export function nemotronBlueprint(config: LlamaConfig, weightOffset: number): Blueprint {
  const { hiddenSize, normEps, attentionBias, mlpBias } = config;
  const norm = (id: string) => layerNorm(id, hiddenSize, normEps, { weightOffset });
  return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
    kind: "sequential",
    inputNorm: norm(`${id}.input_layernorm`),
    attention: selfAttention(`${id}.self_attn`, index, config, { bias: attentionBias }),
    mlpNorm: norm(`${id}.post_attention_layernorm`),
    mlp: plainMlp(`${id}.mlp.up_proj`, `${id}.mlp.down_proj`, config, { bias: mlpBias }),
  }));
}
