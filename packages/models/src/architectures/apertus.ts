// ApertusForCausalLM: a norm on each head of q and k, plain MLPs with xIELU, whose factors are learned (Swiss AI 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, plainMlp, rmsNorm, selfAttention } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import type { TensorParameter } from "../parameters.js";
import { type Qwen3Config, qwen3Attention } from "./qwen3.js";

const NAME = "ApertusForCausalLM";

export const apertus: Architecture<Qwen3Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): Qwen3Config {
    if (reader.string("hidden_act", "xielu") !== "xielu") reader.unsupported("hidden_act", ["xielu"]);
    return {
      ...readDecoderConfig(reader.without("hidden_act"), NAME, {
        maxPositions: 2 ** 16,
        normEps: 1e-5,
        bosTokenId: 1,
        eosTokenIds: [2],
        rope: { theta: 12e6 },
      }),
      attentionBias: reader.boolean("attention_bias", false),
    };
  },
  // What its makers' kernel takes as constants.
  isUnread: (name) => /\.act_fn\.(beta|eps)$/.test(name),
  blueprint(config) {
    const { hiddenSize, normEps } = config;
    const norm = (id: string) => rmsNorm(id, hiddenSize, normEps);
    return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
      kind: "sequential",
      inputNorm: norm(`${id}.attention_layernorm`),
      attention: selfAttention(`${id}.self_attn`, index, config, qwen3Attention(`${id}.self_attn`, config)),
      mlpNorm: norm(`${id}.feedforward_layernorm`),
      mlp: {
        ...plainMlp(`${id}.mlp.up_proj`, `${id}.mlp.down_proj`, config, { bias: false }),
        xielu: alphas(`${id}.mlp.act_fn`),
      },
    }));
  },
};

function alphas(id: string): TensorParameter {
  return {
    kind: "tensor",
    id,
    name: id,
    shape: [2, 1],
    rowNames: [`${id}.alpha_p`, `${id}.alpha_n`],
    dtype: "float32",
  };
}
