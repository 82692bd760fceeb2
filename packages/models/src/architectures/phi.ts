// PhiForCausalLM: Phi-1, 1.5 and 2; attention and MLP side by side, partial rotation, biases (Gunasekar et al. 2023).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, plainMlp, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";

const NAME = "PhiForCausalLM";

export interface PhiConfig extends ModelConfig {
  /** Whether each head of q and k is normed. */
  readonly normsHeads: boolean;
}

export const phi: Architecture<PhiConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): PhiConfig {
    const config = readDecoderConfig(reader.renamed({ rms_norm_eps: "layer_norm_eps" }), NAME, {
      normEps: 1e-5,
      activation: "gelu_tanh",
      bosTokenId: 1,
      eosTokenIds: [2],
      rope: { rotaryShare: 0.5 },
    });
    return {
      ...config,
      normsHeads: reader.boolean("qk_layernorm", false),
    };
  },
  blueprint(config) {
    const { hiddenSize, headDim, normEps, normsHeads } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const headNorm = (id: string) => (normsHeads ? layerNorm(id, headDim, normEps) : undefined);
    return decoderBlueprint(
      config,
      norm("model.final_layernorm"),
      (index, id) => ({
        kind: "parallel",
        inputNorm: norm(`${id}.input_layernorm`),
        attention: selfAttention(`${id}.self_attn`, index, config, {
          bias: true,
          outputName: "dense",
          queryNorm: headNorm(`${id}.self_attn.q_layernorm`),
          keyNorm: headNorm(`${id}.self_attn.k_layernorm`),
        }),
        mlp: plainMlp(`${id}.mlp.fc1`, `${id}.mlp.fc2`, config),
      }),
      { headBias: true },
    );
  },
};
