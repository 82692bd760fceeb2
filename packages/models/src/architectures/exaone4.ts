// Exaone4ForCausalLM: EXAONE 4; norms on what attention and MLP give and on each head of q and k, windows; where layers have windows only
// those rotate (LG AI Research 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { rmsNorm } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { readWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "Exaone4ForCausalLM";

export interface Exaone4Config extends ModelConfig {
  /** For each layer, whether positions rotate its queries and keys. */
  readonly rotates: readonly boolean[];
}

export const exaone4: Architecture<Exaone4Config> = {
  name: NAME,
  readConfig: (reader) => readExaone4Config(reader, NAME),
  blueprint: (config) =>
    llamaBlueprint(config, {
      normsOutputs: true,
      attention: (index, id) => exaone4Attention(index, id, config),
    }),
};

export function readExaone4Config(reader: ConfigReader, architecture: string): Exaone4Config {
  const config = readDecoderConfig(reader, architecture, { normEps: 1e-5, bosTokenId: 0, eosTokenIds: [2] });
  const windows = readWindows(reader, config.numLayers, { slides: windowPattern(reader) });
  const isWindowed = reader.has("sliding_window");
  return { ...config, windows, rotates: windows.map((window) => !isWindowed || window !== null) };
}

/** @param id of a layer's attention */
export function exaone4Attention(index: number, id: string, { headDim, normEps, rotates }: Exaone4Config) {
  return {
    rope: rotates[index] ? 0 : undefined,
    queryNorm: rmsNorm(`${id}.q_norm`, headDim, normEps),
    keyNorm: rmsNorm(`${id}.k_norm`, headDim, normEps),
  };
}

/** A number: all but every so many; or letters in turn, L for layers with a window. */
function windowPattern(reader: ConfigReader): (index: number) => boolean {
  const pattern = reader.raw("sliding_window_pattern");
  if (typeof pattern === "string" && pattern.length > 0) return (index) => pattern[index % pattern.length] === "L";
  const period = reader.size("sliding_window_pattern", { fallback: 4, max: 2 ** 12 });
  return (index) => (index + 1) % period !== 0;
}
