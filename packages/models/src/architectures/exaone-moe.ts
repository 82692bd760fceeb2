// ExaoneMoEForCausalLM: K-EXAONE, EXAONE 4's attention between a Llama's norms, experts as DeepSeek V3's (LG AI Research 2026).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp } from "../hf-modules.js";
import { readSigmoidRouting, type SharedExpertsConfig, sharedExpertsMlp } from "../shared-experts.js";
import { type Exaone4Config, exaone4Attention, readExaone4Config } from "./exaone4.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "ExaoneMoeForCausalLM";

export const exaoneMoe: Architecture<Exaone4Config & SharedExpertsConfig> = {
  name: NAME,
  aliases: ["ExaoneMoEForCausalLM"],
  readConfig(reader: ConfigReader) {
    const config = readExaone4Config(reader, NAME);
    const fields = reader.renamed({ n_routed_experts: "num_experts", n_shared_experts: "num_shared_experts" });
    return { ...config, ...readSigmoidRouting(fields, config, { numExperts: 64, denseLayers: 1 }) };
  },
  isUnread: (name) => name.startsWith("mtp."),
  blueprint: (config) =>
    llamaBlueprint(config, {
      attention: (index, id) => exaone4Attention(index, id, config),
      mlp: (index, id) =>
        config.isSparse[index]
          ? sharedExpertsMlp(`${id}.mlp`, config, `${id}.mlp.e_score_correction_bias`)
          : gatedMlp(`${id}.mlp`, config),
    }),
};
