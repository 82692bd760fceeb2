// HunYuanMoEV1ForCausalLM: Hunyuan-A13B, Hunyuan with experts and an MLP that every token goes through (Tencent 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { expertsMlp, gatedMlp } from "../hf-modules.js";
import { linearParameter } from "../parameters.js";
import { type HunyuanConfig, hunyuanAttention, readHunyuanConfig } from "./hunyuan-dense.js";
import { llamaBlueprint } from "./llama.js";
import { type ExpertsConfig, MAX_EXPERTS } from "./mixtral.js";

const NAME = "HunYuanMoEV1ForCausalLM";

export type HunyuanMoeConfig = HunyuanConfig & ExpertsConfig;

export const hunyuanMoe: Architecture<HunyuanMoeConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): HunyuanMoeConfig {
    const config = readHunyuanConfig(reader, NAME);
    const numExperts = oneNumber(reader, "num_experts", MAX_EXPERTS);
    return { ...config, numExperts, numExpertsPerToken: oneNumber(reader, "moe_topk", numExperts) };
  },
  blueprint(config) {
    const { hiddenSize, numExperts, numExpertsPerToken } = config;
    return llamaBlueprint(config, {
      attention: (_, id) => hunyuanAttention(id, config),
      mlp(_, layer) {
        const id = `${layer}.mlp`;
        const router = linearParameter(`${id}.gate.wg`, hiddenSize, [[`${id}.gate.wg`, numExperts]]);
        return expertsMlp(router, numExperts, (index) => gatedMlp(`${id}.experts.${index}`, config), {
          numExpertsPerToken,
          scoring: "softmax",
          renormalize: true,
          shared: gatedMlp(`${id}.shared_mlp`, config),
        });
      },
    });
  },
};

/** A number, or a list with it for each layer. */
function oneNumber(reader: ConfigReader, name: string, max: number): number {
  const values = [reader.raw(name)].flat();
  const [first] = values;
  const fits = Number.isSafeInteger(first) && (first as number) >= 1 && (first as number) <= max;
  if (!fits) return reader.fail(name, `a whole number from 1 to ${max}, or a list of them`);
  if (values.some((value) => value !== first)) reader.unsupported(name, ["the same in every layer"]);
  return first as number;
}
