// HunYuanDenseV1ForCausalLM: Llama with a norm on each head of q and k, after they turned (Tencent 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { rmsNorm, type SelfAttentionOptions } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import type { RopeConfig } from "../rope-config.js";
import { type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "HunYuanDenseV1ForCausalLM";

export type HunyuanConfig = Omit<LlamaConfig, "mlpBias">;

export const hunyuanDense: Architecture<HunyuanConfig> = {
  name: NAME,
  readConfig: (reader) => readHunyuanConfig(reader, NAME),
  blueprint: (config) => llamaBlueprint(config, { attention: (_, id) => hunyuanAttention(id, config) }),
};

export function readHunyuanConfig(reader: ConfigReader, architecture: string): HunyuanConfig {
  const config = readDecoderConfig(reader, architecture, { normEps: 1e-5, bosTokenId: 1, eosTokenIds: [2] });
  return {
    ...config,
    rope: withAlpha(reader, config.rope!),
    attentionBias: reader.boolean("attention_bias", false),
  };
}

export function hunyuanAttention(id: string, { headDim, normEps, attentionBias }: HunyuanConfig): SelfAttentionOptions {
  return {
    bias: attentionBias,
    normsTurned: true,
    queryNorm: rmsNorm(`${id}.query_layernorm`, headDim, normEps),
    keyNorm: rmsNorm(`${id}.key_layernorm`, headDim, normEps),
  };
}

/** "dynamic" with an `alpha` is a larger base at every length, and not what others mean by it. */
function withAlpha(reader: ConfigReader, rope: RopeConfig): RopeConfig {
  const section = reader.object("rope_scaling") ?? reader.object("rope_parameters");
  if (rope.scaling.type !== "dynamic" || !section?.has("alpha")) return rope;
  const { theta, rotaryDim } = rope;
  const alpha = section.number("alpha", { min: 0, aboveMin: true, max: 1e9 });
  return { theta: theta * alpha ** (rotaryDim / (rotaryDim - 2)), rotaryDim, scaling: { type: "default" } };
}
