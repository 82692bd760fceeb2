// HyperCLOVAXForCausalLM: Granite's multipliers, of which that of the logits is a factor, and norms behind attention and MLP, too
// (NAVER 2025).
import type { Architecture } from "../architecture.js";
import type { SequentialLayer } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp, rmsNorm } from "../hf-modules.js";
import { type GraniteConfig, graniteBlueprint, readGraniteConfig } from "./granite.js";

const NAME = "HyperCLOVAXForCausalLM";

export interface HyperClovaXConfig extends GraniteConfig {
  readonly normsOutputs: boolean;
}

export const hyperClovaX: Architecture<HyperClovaXConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): HyperClovaXConfig {
    const config = readGraniteConfig(reader, NAME);
    return {
      ...config,
      attentionMultiplier: reader.has("attention_multiplier") ? config.attentionMultiplier : config.headDim ** -0.5,
      logitsScaling: 1 / config.logitsScaling,
      mlpBias: reader.boolean("mlp_bias", false),
      normsOutputs: reader.boolean("use_post_norm", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, normEps, attentionBias: bias, mlpBias, normsOutputs } = config;
    const blueprint = graniteBlueprint(config, {
      attention: () => ({ bias }),
      mlp: (_, id) => gatedMlp(`${id}.mlp`, config, { bias: mlpBias }),
    });
    const norm = (index: number, name: string) => rmsNorm(`model.layers.${index}.${name}`, hiddenSize, normEps);
    const layers = blueprint.layers.map((layer, index) => ({
      ...(layer as SequentialLayer),
      attentionOutputNorm: norm(index, "post_norm1"),
      mlpOutputNorm: norm(index, "post_norm2"),
    }));
    return normsOutputs ? { ...blueprint, layers } : blueprint;
  },
};
