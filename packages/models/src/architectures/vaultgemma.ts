// VaultGemmaForCausalLM: Gemma 2 without norms behind attention and MLP (Google 2025).
import type { Architecture } from "../architecture.js";
import type { SequentialLayer } from "../blueprint.js";
import { type Gemma2Config, gemma2, gemma2Blueprint } from "./gemma2.js";

const NAME = "VaultGemmaForCausalLM";

export const vaultGemma: Architecture<Gemma2Config> = {
  name: NAME,
  readConfig: (reader) => ({ ...gemma2.readConfig(reader), architecture: NAME }),
  blueprint(config) {
    const { layers, ...rest } = gemma2Blueprint(config);
    return {
      ...rest,
      layers: layers.map((layer) => {
        const { attentionOutputNorm, mlpOutputNorm, ...plain } = layer as SequentialLayer;
        return plain;
      }),
    };
  },
};
