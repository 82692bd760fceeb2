// Starcoder2ForCausalLM: layer norms, a plain MLP, biases, a sliding window (Lozhkov et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, plainMlp, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { readWindows } from "../windows.js";

const NAME = "Starcoder2ForCausalLM";

export interface Starcoder2Config extends ModelConfig {
  readonly hasBiases: boolean;
}

export const starcoder2: Architecture<Starcoder2Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): Starcoder2Config {
    const fields = reader.renamed({ rms_norm_eps: "norm_epsilon" });
    const config = readDecoderConfig(fields, NAME, {
      maxPositions: 4096,
      normEps: 1e-5,
      activation: "gelu_tanh",
      tieWordEmbeddings: true,
      numKvHeads: 2,
      bosTokenId: 50256,
      eosTokenIds: [50256],
    });
    return {
      ...config,
      windows: readWindows(reader, config.numLayers),
      hasBiases: reader.boolean("use_bias", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, normEps, hasBiases: bias } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
      kind: "sequential",
      inputNorm: norm(`${id}.input_layernorm`),
      attention: selfAttention(`${id}.self_attn`, index, config, { bias }),
      mlpNorm: norm(`${id}.post_attention_layernorm`),
      mlp: plainMlp(`${id}.mlp.c_fc`, `${id}.mlp.c_proj`, config, { bias }),
    }));
  },
};
