// A GGUF file as a model: everything that a Hugging Face folder keeps in several files.
import { type FileReader, readGgufHeaders } from "@octavo/core";
import { ggufScheme } from "@octavo/quant";
import type { ModelSource } from "../model-source.js";
import { architectureOf } from "../registry.js";
import { dialectOf } from "./dialects/index.js";
import { ggufConfigReader } from "./gguf-config.js";
import { GgufFacts } from "./gguf-facts.js";
import { layoutOf } from "./gguf-layout.js";
import { ggufPooling } from "./gguf-pooling.js";
import { GgufWeights } from "./gguf-weights.js";

/** @throws CHECKPOINT or UNSUPPORTED that names the file, key or tensor */
export function openGgufModel(path: string): ModelSource {
  const headers = readGgufHeaders(path);
  const [name, dialect] = dialectOf(headers);
  const reader = ggufConfigReader(headers, name, dialect);
  const config = architectureOf(reader).readConfig(reader);
  const layout = layoutOf(headers, name, dialect, config);
  return {
    path,
    formats: ["gguf"],
    config,
    configFile: path,
    configAdvice: "download the file again",
    fieldName: (field) => reader.label(field),
    generationDefaults: () => ({}),
    pooling: () => ggufPooling(new GgufFacts(headers, name)),
    matryoshka: () => null,
    scheme: ({ blockFormats = [], dequantize = false }) => ggufScheme({ packed: dequantize ? [] : blockFormats }),
    openWeights: (read: FileReader) => new GgufWeights(path, read, layout),
  };
}
