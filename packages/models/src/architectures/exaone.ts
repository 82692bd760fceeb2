// ExaoneForCausalLM: EXAONE 3, 3.5 and Deep, Llama under other names (LG AI Research 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, rmsNorm, selfAttention, splitGatedMlp } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";

const NAME = "ExaoneForCausalLM";
const BASE = "transformer";

export const exaone: Architecture = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig(reader: ConfigReader): ModelConfig {
    const fields = reader.renamed({
      num_hidden_layers: "num_layers",
      hidden_act: "activation_function",
      rms_norm_eps: "layer_norm_epsilon",
    });
    return readDecoderConfig(fields, NAME, { normEps: 1e-5, bosTokenId: 0, eosTokenIds: [2] });
  },
  blueprint(config) {
    const norm = (id: string) => rmsNorm(id, config.hiddenSize, config.normEps);
    return decoderBlueprint(
      config,
      norm(`${BASE}.ln_f`),
      (index, id) => ({
        kind: "sequential",
        inputNorm: norm(`${id}.ln_1`),
        attention: selfAttention(`${id}.attn.attention`, index, config, { outputName: "out_proj" }),
        mlpNorm: norm(`${id}.ln_2`),
        mlp: splitGatedMlp(`${id}.mlp`, ["c_fc_0", "c_fc_1", "c_proj"], config),
      }),
      { embedding: `${BASE}.wte`, layers: `${BASE}.h` },
    );
  },
};
