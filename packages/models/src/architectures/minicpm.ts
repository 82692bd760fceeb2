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
    const config = readDecoderConfig(reader, NAME, { tieWordEmbeddings: true, bosTokenId: 1, eosTokenIds: [2] });
    const usual = { scaleEmb: 1, scaleDepth: 1, dimModelBase: 1 };
    return { ...config, ...readMiniCpmScales(reader, config, usual), attentionMultiplier: config.headDim ** -0.5 };
  },
  blueprint: (config) => graniteBlueprint(config, {}),
};

/** @param usual what the fields mean where config.json leaves them out */
export function readMiniCpmScales(
  reader: ConfigReader,
  { hiddenSize, numLayers }: ModelConfig,
  usual: { readonly scaleEmb: number; readonly scaleDepth: number; readonly dimModelBase: number },
): Omit<Multipliers, "attentionMultiplier"> {
  const factor = (name: string, fallback: number) =>
    reader.number(name, { fallback, min: 0, aboveMin: true, max: 1e6 });
  return {
    embeddingMultiplier: factor("scale_emb", usual.scaleEmb),
    residualMultiplier: factor("scale_depth", usual.scaleDepth) / Math.sqrt(numLayers),
    logitsScaling: hiddenSize / factor("dim_model_base", usual.dimModelBase),
  };
}
