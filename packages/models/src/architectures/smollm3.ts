// SmolLM3ForCausalLM: Llama with layers that do not rotate (Bakouch et al. 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import { readWindows } from "../windows.js";
import { type LlamaConfig, llamaBlueprint } from "./llama.js";

const NAME = "SmolLM3ForCausalLM";

export interface SmolLM3Config extends LlamaConfig {
  /** For each layer, whether positions rotate its queries and keys. */
  readonly rotates: readonly boolean[];
}

export const smollm3: Architecture<SmolLM3Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): SmolLM3Config {
    const config = readDecoderConfig(reader, NAME, {
      maxPositions: 2 ** 15,
      numKvHeads: 4,
      tieWordEmbeddings: true,
      bosTokenId: 128000,
      eosTokenIds: [128001],
      rope: { theta: 2e6 },
    });
    const rotates = readRotatingLayers(reader, config.numLayers);
    const isWindowed = reader.boolean("use_sliding_window", false);
    return {
      ...config,
      attentionBias: reader.boolean("attention_bias", false),
      mlpBias: reader.boolean("mlp_bias", false),
      rotates,
      windows: isWindowed ? readWindows(reader, config.numLayers, { slides: (i) => !rotates[i] }) : config.windows,
    };
  },
  blueprint(config) {
    const { attentionBias, mlpBias, rotates } = config;
    return llamaBlueprint(config, {
      attention: (index) => ({ bias: attentionBias, rope: rotates[index] ? 0 : undefined }),
      mlp: (_, id) => gatedMlp(`${id}.mlp`, config, { bias: mlpBias }),
    });
  },
};

/** `no_rope_layers`, which despite its name has 1 for layers that rotate; else all but every `no_rope_layer_interval`th. */
function readRotatingLayers(reader: ConfigReader, numLayers: number): boolean[] {
  const interval = reader.size("no_rope_layer_interval", { fallback: 4, max: 2 ** 12 });
  const listed = reader.raw("no_rope_layers");
  if (listed === null) return Array.from({ length: numLayers }, (_, index) => (index + 1) % interval !== 0);
  const fits = Array.isArray(listed) && listed.length === numLayers && listed.every((flag) => flag === 0 || flag === 1);
  if (!fits) reader.fail("no_rope_layers", `a list of ${numLayers} numbers, each 0 or 1`);
  return (listed as number[]).map((flag) => flag === 1);
}
