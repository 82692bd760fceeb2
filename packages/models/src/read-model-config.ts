// From a model folder to its config.
import { join } from "node:path";
import { readEndTokens } from "./generation-config.js";
import { ConfigReader } from "./hf-config.js";
import type { ModelConfig } from "./model-config.js";
import { checkModelFolder } from "./model-folder.js";
import { architectureOf } from "./registry.js";

/**
 * Reads `config.json` (as written by transformers 4 or 5) and the end tokens of `generation_config.json`.
 * @throws CHECKPOINT that names folder, file or field; UNSUPPORTED for an architecture, activation or RoPE scaling Octavo lacks
 */
export function readModelConfig(folder: string): ModelConfig {
  checkModelFolder(folder);
  const reader = ConfigReader.open(join(folder, "config.json"));
  const config = architectureOf(reader).readConfig(reader);
  const eosTokenIds = readEndTokens(folder);
  return eosTokenIds === undefined ? config : { ...config, eosTokenIds };
}
