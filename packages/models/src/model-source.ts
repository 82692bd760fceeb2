// Where folders and GGUF files meet: a model as it lies on disk. What loads models sees nothing else of either.
import type { BlockFormat, FileReader } from "@octavo/core";
import type { QuantScheme, TensorSource } from "@octavo/quant";
import type { CheckpointFormat } from "./checkpoint-files.js";
import type { GenerationDefaults } from "./generation-config.js";
import type { ModelConfig } from "./model-config.js";
import type { MatryoshkaDimensions, PoolingConfig } from "./pooling.js";
import type { TensorSummary } from "./tensor-summary.js";

/** Open weights of a model, by checkpoint name. */
export interface WeightFiles extends TensorSource, Disposable {
  readonly names: Iterable<string>;
  /** What the headers say of every tensor. */
  summaries(): Iterable<TensorSummary>;
  dispose(): void;
}

/** Containers of weights, by the words of `--load-format`. */
export type WeightFormat = CheckpointFormat | "gguf";

export interface SchemeOptions {
  /** What the backend computes as it is. Default: nothing. */
  readonly blockFormats?: readonly BlockFormat[];
  /** Decode everything, whatever the backend computes. Default false. */
  readonly dequantize?: boolean;
}

export interface ModelSource {
  /** As the user named it. */
  readonly path: string;
  /** What its weights are in, the preferred one first; none where there are none. */
  readonly formats: readonly WeightFormat[];
  readonly config: ModelConfig;
  /** Where `config` was read, for error messages, and what to do when it does not fit the weights. */
  readonly configFile: string;
  readonly configAdvice: string;
  /** What a field of config.json is called there. */
  fieldName(field: string): string;
  /** @throws CHECKPOINT that names file and field */
  generationDefaults(): GenerationDefaults;
  /** How its authors make embeddings; null where the files do not say. @throws CHECKPOINT or UNSUPPORTED that names file and field */
  pooling(): PoolingConfig | null;
  /** Which lengths its vectors may be cut to. @throws CHECKPOINT that names file and field */
  matryoshka(): MatryoshkaDimensions;
  /** @throws UNSUPPORTED or CHECKPOINT for a quantization that Octavo does not read */
  scheme(options: SchemeOptions): QuantScheme;
  /** @param read `Backend.mapFile` @param format one of `formats`; "auto": the first @throws CHECKPOINT when files are missing or damaged */
  openWeights(read: FileReader, format?: WeightFormat | "auto"): WeightFiles;
}
