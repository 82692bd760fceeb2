// A folder in Hugging Face layout as a model.
import { join } from "node:path";
import { quantScheme } from "@octavo/quant";
import { Checkpoint } from "./checkpoint.js";
import { checkpointFormats } from "./checkpoint-files.js";
import { readEndTokens, readGenerationDefaults } from "./generation-config.js";
import { ConfigReader } from "./hf-config.js";
import { checkModelFolder } from "./model-folder.js";
import type { ModelSource } from "./model-source.js";
import { withMxfp4Experts } from "./mxfp4-experts.js";
import { readMatryoshka, readPooling } from "./pooling.js";
import { architectureOf } from "./registry.js";

/**
 * Reads `config.json` (as written by transformers 4 or 5) and the end tokens of `generation_config.json`.
 * @throws CHECKPOINT that names folder, file or field; UNSUPPORTED for an architecture, activation or RoPE scaling Octavo lacks
 */
export function openModelFolder(folder: string): ModelSource {
  checkModelFolder(folder);
  const configFile = join(folder, "config.json");
  // Models that also see images have the text model's config inside; their text works without the rest.
  const reader = ConfigReader.open(configFile).flattened("thinker_config").flattened("text_config");
  const config = architectureOf(reader).readConfig(reader);
  const eosTokenIds = readEndTokens(folder) ?? config.eosTokenIds;
  return {
    path: folder,
    formats: checkpointFormats(folder),
    config: { ...config, eosTokenIds },
    configFile,
    configAdvice: "take the config.json that belongs to these weights",
    fieldName: (field) => field,
    generationDefaults: () => readGenerationDefaults(folder),
    pooling: () => readPooling(folder),
    matryoshka: () => readMatryoshka(reader),
    scheme: ({ blockFormats = [], dequantize = false }) =>
      quantScheme(config.quantization, configFile, { packed: dequantize ? [] : blockFormats }),
    openWeights: (read, format = "auto") =>
      withMxfp4Experts(Checkpoint.open(folder, read, format === "gguf" ? "auto" : format)),
  };
}
