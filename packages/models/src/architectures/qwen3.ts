// Qwen3ForCausalLM: Llama with a norm on each head of q and k (Yang et al. 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { rmsNorm } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { readQwenWindows } from "../windows.js";
import { type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "Qwen3ForCausalLM";

/** A Qwen3 has no biases in its MLP. */
export type Qwen3Config = Omit<LlamaConfig, "mlpBias">;

export const qwen3: Architecture<Qwen3Config> = {
  name: NAME,
  aliases: ["Qwen3VLForConditionalGeneration"],
  readConfig: (reader) => readQwen3Config(reader, NAME),
  blueprint: (config) => llamaBlueprint(config, { attention: (_, id) => qwen3Attention(id, config) }),
};

export function readQwen3Config(reader: ConfigReader, architecture: string): Qwen3Config {
  const config = readDecoderConfig(reader, architecture, { maxPositions: 2 ** 15, headDim: 128 });
  return {
    ...config,
    attentionBias: reader.boolean("attention_bias", false),
    windows: readQwenWindows(reader, config.numLayers),
  };
}

export function qwen3Attention(id: string, { attentionBias, headDim, normEps }: Qwen3Config) {
  return {
    bias: attentionBias,
    queryNorm: rmsNorm(`${id}.q_norm`, headDim, normEps),
    keyNorm: rmsNorm(`${id}.k_norm`, headDim, normEps),
  };
}
