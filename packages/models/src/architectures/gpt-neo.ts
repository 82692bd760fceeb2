// GPTNeoForCausalLM: GPT-2 with a window in some layers, q, k and v apart, scores that are not scaled (Black et al. 2021).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, plainMlp, selfAttention } from "../hf-modules.js";
import { type ModelConfig, readActivation, readPlainConfig } from "../model-config.js";
import { tensorParameter } from "../parameters.js";

const NAME = "GPTNeoForCausalLM";
const BASE = "transformer";

export const gptNeo: Architecture = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig(reader: ConfigReader): ModelConfig {
    const renamed = reader.renamed({
      num_hidden_layers: "num_layers",
      num_attention_heads: "num_heads",
      rms_norm_eps: "layer_norm_epsilon",
    });
    const config = readPlainConfig(renamed, NAME, {
      normEps: 1e-5,
      tieWordEmbeddings: true,
      bosTokenId: 50256,
      eosTokenIds: [50256],
      intermediateSize: 4 * reader.size("hidden_size", { max: 2 ** 18 }),
    });
    const window = reader.size("window_size", { fallback: 256, max: 2 ** 24 });
    return {
      ...config,
      activation: readActivation(reader, "activation_function", "gelu_tanh"),
      windows: readLayerKinds(reader, config.numLayers).map((kind) => (kind === "local" ? window : null)),
    };
  },
  blueprint(config) {
    const { hiddenSize, maxPositions, normEps } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const { embedding, ...rest } = decoderBlueprint(
      config,
      norm(`${BASE}.ln_f`),
      (index, id) => ({
        kind: "sequential",
        inputNorm: norm(`${id}.ln_1`),
        attention: selfAttention(`${id}.attn.attention`, index, config, {
          outputBias: true,
          outputName: "out_proj",
          rope: undefined,
          scale: 1,
        }),
        mlpNorm: norm(`${id}.ln_2`),
        mlp: plainMlp(`${id}.mlp.c_fc`, `${id}.mlp.c_proj`, config),
      }),
      { embedding: `${BASE}.wte`, layers: `${BASE}.h` },
    );
    const table = tensorParameter(`${BASE}.wpe`, [maxPositions, hiddenSize]);
    return { ...rest, embedding: { ...embedding, positions: { table, offset: 0 } } };
  },
};

/** `attention_types`: pairs of kinds of layers that follow one another, and how often they do. */
function readLayerKinds(reader: ConfigReader, numLayers: number): string[] {
  const field = "attention_types";
  const groups = (reader.raw(field) ?? [[["global", "local"], 12]]) as unknown;
  const expected = `pairs of kinds of layers and how often they come, for ${numLayers} layers`;
  if (!Array.isArray(groups)) return reader.fail(field, expected);
  const kinds: string[] = [];
  for (const group of groups as unknown[]) {
    const [names, times] = Array.isArray(group) ? (group as unknown[]) : [];
    const known = Array.isArray(names) && names.every((name) => name === "global" || name === "local");
    if (!known || !Number.isSafeInteger(times) || (times as number) > numLayers) reader.fail(field, expected);
    for (let i = 0; i < (times as number); i++) kinds.push(...(names as string[]));
  }
  return kinds.length === numLayers ? kinds : reader.fail(field, expected);
}
