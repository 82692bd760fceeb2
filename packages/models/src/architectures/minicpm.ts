// MiniCPMForCausalLM: MiniCPM 1 to 4, a Llama whose multipliers have other names than Granite's (Hu et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { graniteBlueprint, type Multipliers } from "./granite.js";

const NAME = "MiniCPMForCausalLM";

export type MiniCpmConfig = ModelConfig & Multipliers;

export const miniCpm: Architecture<MiniCpmConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): MiniCpmConfig {
    if (reader.has("num_experts")) reader.unsupported("num_experts", ["none"]);
    if (reader.has("sparse_config")) reader.unsupported("sparse_config", ["none"]);
    const factor = (name: string, fallback: number) =>
      reader.number(name, { fallback, min: 0, aboveMin: true, max: 1e6 });
    const config = readDecoderConfig(reader, NAME, { tieWordEmbeddings: true, bosTokenId: 1, eosTokenIds: [2] });
    return {
      ...config,
      embeddingMultiplier: factor("scale_emb", 1),
      attentionMultiplier: config.headDim ** -0.5,
      residualMultiplier: factor("scale_depth", 1) / Math.sqrt(config.numLayers),
      logitsScaling: config.hiddenSize / factor("dim_model_base", 1),
    };
  },
  blueprint: (config) => graniteBlueprint(config, {}),
};
