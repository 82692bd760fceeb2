// MiniMaxM2ForCausalLM: experts chosen by biased sigmoids, norms on all of q and k, partial rotation (MiniMax 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { expertsMlp, rmsNorm, splitGatedMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { linearParameter } from "../parameters.js";
import { llamaBlueprint } from "./llama.js";
import { type ExpertsConfig, MAX_EXPERTS } from "./mixtral.js";

const NAME = "MiniMaxM2ForCausalLM";
const HEAD_DIM = 128;

export const miniMaxM2: Architecture<ExpertsConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): ExpertsConfig {
    const headDim = reader.size("head_dim", { fallback: HEAD_DIM, max: 2 ** 12 });
    const numExperts = reader.size("num_local_experts", { fallback: 256, max: MAX_EXPERTS });
    return {
      ...readDecoderConfig(reader, NAME, {
        headDim,
        numKvHeads: 8,
        maxPositions: 196608,
        bosTokenId: 200034,
        eosTokenIds: [200020],
        rope: { theta: 5e6, rotaryShare: reader.size("rotary_dim", { fallback: headDim, max: headDim }) / headDim },
      }),
      numExperts,
      numExpertsPerToken: reader.size("num_experts_per_tok", { fallback: 8, max: numExperts }),
    };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, numKvHeads, headDim, normEps, numExperts, numExpertsPerToken } = config;
    return llamaBlueprint(config, {
      attention: (_, id) => ({
        queryNorm: rmsNorm(`${id}.q_norm`, numHeads * headDim, normEps),
        keyNorm: rmsNorm(`${id}.k_norm`, numKvHeads * headDim, normEps),
      }),
      mlp(_, layer) {
        const id = `${layer}.block_sparse_moe`;
        const bias = `${id}.e_score_correction_bias`;
        const router = linearParameter(`${id}.gate`, hiddenSize, [[`${id}.gate`, numExperts]]);
        const expert = (index: number) => splitGatedMlp(`${id}.experts.${index}`, ["w1", "w3", "w2"], config);
        return expertsMlp(router, numExperts, expert, {
          numExpertsPerToken,
          scoring: "sigmoid",
          renormalize: true,
          choiceBias: { kind: "tensor", id: bias, name: bias, shape: [numExperts], dtype: "float32" },
        });
      },
    });
  },
};
