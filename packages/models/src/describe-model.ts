// What a model is and needs, from its headers alone: no weight is read, no backend is needed.
import { isGguf, OctavoError, readGgufHeaders, readHeaderOnly } from "@octavo/core";
import { checkTensors } from "./check-tensors.js";
import { Checkpoint } from "./checkpoint.js";
import { checkpointFormats } from "./checkpoint-files.js";
import type { ModelConfig } from "./model-config.js";
import type { WeightFormat } from "./model-source.js";
import { withMxfp4Experts } from "./mxfp4-experts.js";
import { openModel } from "./open-model.js";
import type { PoolingConfig } from "./pooling.js";
import type { TensorSummary } from "./tensor-summary.js";

/** What the headers of a model say. */
export interface ModelDescription {
  /** As given. */
  readonly path: string;
  /** Null where Octavo cannot run the model; `problems` says why. */
  readonly config: ModelConfig | null;
  /** How its authors make embeddings; null where its files do not say. */
  readonly pooling: PoolingConfig | null;
  /** What its weights are in, the preferred one first; empty where there are none, or they cannot be opened. */
  readonly formats: readonly WeightFormat[];
  /** In the files' order. */
  readonly tensors: readonly TensorSummary[];
  /** Bytes of all tensors as the files store them. */
  readonly weightBytes: number;
  /** What keeps the model from being served, in words for people. */
  readonly problems: readonly string[];
}

/** Reads headers only. What is wrong with the model goes to `problems`; @throws CHECKPOINT where there is nothing to read at all */
export function describeModel(path: string): ModelDescription {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!OctavoError.isInstance(error)) throw error;
      problems.push(error.message);
      return null;
    }
  };
  const source = attempt(() => openModel(path));
  const config = source?.config ?? null;
  const tensors = attempt(() => readTensors(path)) ?? [];
  if (config === null && tensors.length === 0) {
    throw new OctavoError({ code: "CHECKPOINT", message: problems[0]!, param: path });
  }
  const pooling = source && attempt(() => source.pooling());
  const weightBytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (source?.formats[0] === "safetensors" && tensors.length > 0) attempt(() => checkTensors(source));
  const formats = isGguf(path) ? (["gguf"] as const) : checkpointFormats(path);
  return { path, config, pooling, formats, tensors, weightBytes, problems };
}

function readTensors(path: string): TensorSummary[] {
  if (isGguf(path)) {
    return Array.from(readGgufHeaders(path).tensors, ([name, tensor]) => {
      return { name, dtype: tensor.type.name, shape: tensor.shape, byteLength: tensor.byteLength, path: tensor.path };
    });
  }
  using checkpoint = withMxfp4Experts(Checkpoint.open(path, readHeaderOnly));
  return [...checkpoint.summaries()];
}
