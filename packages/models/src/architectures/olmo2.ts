// Olmo2ForCausalLM: norms on what attention and MLP give and on all of q and k, none on what they read (OLMo Team 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, rmsNorm, selfAttention } from "../hf-modules.js";
import { readActivation, readDecoderConfig } from "../model-config.js";
import type { LlamaConfig } from "./llama.js";

const NAME = "Olmo2ForCausalLM";

type Olmo2Config = Omit<LlamaConfig, "mlpBias">;

export const olmo2: Architecture<Olmo2Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): Olmo2Config {
    readActivation(reader, "hidden_act", ["silu"]);
    return {
      ...readDecoderConfig(reader, NAME, { normEps: 1e-5, eosTokenIds: [50279] }),
      attentionBias: reader.boolean("attention_bias", false),
    };
  },
  blueprint(config) {
    const { hiddenSize, normEps, numHeads, numKvHeads, headDim, attentionBias } = config;
    const norm = (id: string, size = hiddenSize) => rmsNorm(id, size, normEps);
    return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
      kind: "sequential",
      attention: selfAttention(`${id}.self_attn`, index, config, {
        bias: attentionBias,
        queryNorm: norm(`${id}.self_attn.q_norm`, numHeads * headDim),
        keyNorm: norm(`${id}.self_attn.k_norm`, numKvHeads * headDim),
      }),
      attentionOutputNorm: norm(`${id}.post_attention_layernorm`),
      mlp: gatedMlp(`${id}.mlp`, config, "silu"),
      mlpOutputNorm: norm(`${id}.post_feedforward_layernorm`),
    }));
  },
};
