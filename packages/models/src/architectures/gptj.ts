// GPTJForCausalLM: attention and MLP side by side, neighbouring dimensions rotate, over a part of a head (Wang and Komatsuzaki 2021).
import type { Architecture } from "../architecture.js";
import type { AttentionSpec, Blueprint } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, plainMlp, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readActivation, readDecoderConfig } from "../model-config.js";
import { splitRotaryPairs } from "../row-order.js";
import { GPT2_FIELDS } from "./gpt2.js";

const NAME = "GPTJForCausalLM";
const BASE = "transformer";

export const gptJ: Architecture = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig: (reader) => readGptJConfig(reader, NAME),
  blueprint(config) {
    const { headDim, rope } = config;
    const rows = splitRotaryPairs(headDim, rope!.rotaryDim);
    return gptJBlueprint(config, (index, id) => selfAttention(id, index, config, { outputName: "out_proj", rows }));
  },
};

export function readGptJConfig(reader: ConfigReader, architecture: string): ModelConfig {
  const renamed = reader.renamed(GPT2_FIELDS);
  const hiddenSize = renamed.size("hidden_size", { max: 2 ** 18 });
  const headDim = hiddenSize / renamed.size("num_attention_heads", { max: 2 ** 12 });
  const config = readDecoderConfig(renamed, architecture, {
    normEps: 1e-5,
    bosTokenId: 50256,
    eosTokenIds: [50256],
    intermediateSize: 4 * hiddenSize,
    rope: { rotaryShare: reader.size("rotary_dim", { fallback: headDim, max: headDim }) / headDim },
  });
  return { ...config, activation: readActivation(reader, "activation_function", "gelu_tanh") };
}

/** @param attention of a layer, whose modules' names begin with `id` */
export function gptJBlueprint(config: ModelConfig, attention: (index: number, id: string) => AttentionSpec): Blueprint {
  const { hiddenSize, normEps } = config;
  const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
  return decoderBlueprint(
    config,
    norm(`${BASE}.ln_f`),
    (index, id) => ({
      kind: "parallel",
      inputNorm: norm(`${id}.ln_1`),
      attention: attention(index, `${id}.attn`),
      mlp: plainMlp(`${id}.mlp.fc_in`, `${id}.mlp.fc_out`, config),
    }),
    { embedding: `${BASE}.wte`, layers: `${BASE}.h`, headBias: true },
  );
}
