// A folder or a GGUF file: the one place where the two part ways.
import { isGguf } from "@octavo/core";
import { openGgufModel } from "./gguf/gguf-model.js";
import { openModelFolder } from "./hf-folder.js";
import type { ModelConfig } from "./model-config.js";
import type { ModelSource } from "./model-source.js";

/**
 * Reads the config of a folder in Hugging Face layout or of a GGUF file.
 * @throws CHECKPOINT that names folder, file, field or key; UNSUPPORTED for what Octavo lacks
 */
export function openModel(path: string): ModelSource {
  return isGguf(path) ? openGgufModel(path) : openModelFolder(path);
}

/** The config of a model: {@link openModel}, and nothing else of it. */
export function readModelConfig(path: string): ModelConfig {
  return openModel(path).config;
}
