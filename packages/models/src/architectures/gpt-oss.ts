// GptOssForCausalLM: experts with clamped gates, sinks, a window in every other layer (OpenAI 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { expertsMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { linearParameter } from "../parameters.js";
import { splitTurns } from "../row-order.js";
import { readWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";
import { type ExpertsConfig, MAX_EXPERTS } from "./mixtral.js";

const NAME = "GptOssForCausalLM";
/** What the kernel of the gate computes with. */
const [ALPHA, LIMIT] = [1.702, 7];

export const gptOss: Architecture<ExpertsConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): ExpertsConfig {
    const known = (name: string, value: number) => {
      if (reader.number(name, { fallback: value, min: 0, max: 1e6 }) !== value)
        reader.unsupported(name, [String(value)]);
    };
    known("swiglu_alpha", ALPHA);
    known("swiglu_limit", LIMIT);
    if (!reader.boolean("attention_bias", true)) reader.unsupported("attention_bias", ["true"]);
    const config = readDecoderConfig(reader, NAME, {
      maxPositions: 2 ** 17,
      normEps: 1e-5,
      headDim: 64,
      numKvHeads: 8,
      eosTokenIds: [200002],
      rope: { theta: 150000 },
    });
    const numExperts = reader.size("num_local_experts", { fallback: 128, max: MAX_EXPERTS });
    const fields = reader.renamed({
      num_experts_per_tok: reader.has("experts_per_token") ? "experts_per_token" : "num_experts_per_tok",
    });
    const slides = (index: number) => index % 2 === 0;
    return {
      ...config,
      windows: readWindows(reader, config.numLayers, { window: 128, slides }),
      numExperts,
      numExpertsPerToken: fields.size("num_experts_per_tok", { fallback: 4, max: numExperts }),
    };
  },
  blueprint(config) {
    const { hiddenSize, intermediateSize, numHeads, numExperts, numExpertsPerToken } = config;
    return llamaBlueprint(config, {
      attention: (_, id) => ({
        bias: true,
        sinks: { kind: "tensor", id: `${id}.sinks`, name: `${id}.sinks`, shape: [numHeads], dtype: "float32" },
      }),
      mlp(_, layer) {
        const id = `${layer}.mlp`;
        const expert = (index: number) => {
          const traits = { bias: true, transposed: true, stack: { index, count: numExperts } };
          const linear = (name: string, from: number, to: number, more = {}) =>
            linearParameter(`${id}.experts.${index}.${name}`, from, [[`${id}.experts.${name}`, to]], {
              ...traits,
              ...more,
            });
          return {
            kind: "gated",
            activation: "swiglu_oai",
            gateUp: linear("gate_up_proj", hiddenSize, 2 * intermediateSize, { rows: splitTurns }),
            down: linear("down_proj", intermediateSize, hiddenSize),
          } as const;
        };
        const router = linearParameter(`${id}.router`, hiddenSize, [[`${id}.router`, numExperts]], { bias: true });
        return expertsMlp(router, numExperts, expert, {
          numExpertsPerToken,
          scoring: "softmax_topk",
          renormalize: false,
        });
      },
    });
  },
};
