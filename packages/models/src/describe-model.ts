// What a model is and needs, from its headers alone: no weight is read, no backend is needed.
import { type FloatDType, isGguf, OctavoError, readGgufHeaders, readHeaderOnly } from "@octavo/core";
import { Checkpoint } from "./checkpoint.js";
import { checkpointFormats } from "./checkpoint-files.js";
import { layerGroups } from "./layer-groups.js";
import { kvBytesPerBlock } from "./load-model.js";
import type { ModelConfig } from "./model-config.js";
import type { WeightFormat } from "./model-source.js";
import { withMxfp4Experts } from "./mxfp4-experts.js";
import { readModelConfig } from "./open-model.js";
import type { TensorSummary } from "./tensor-summary.js";

/** What the headers of a model say. */
export interface ModelDescription {
  /** As given. */
  readonly path: string;
  /** Null where Octavo cannot run the model; `problems` says why. */
  readonly config: ModelConfig | null;
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
  const config = attempt(() => readModelConfig(path));
  const tensors = attempt(() => readTensors(path)) ?? [];
  if (config === null && tensors.length === 0) {
    throw new OctavoError({ code: "CHECKPOINT", message: problems[0]!, param: path });
  }
  const weightBytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const formats = isGguf(path) ? (["gguf"] as const) : checkpointFormats(path);
  return { path, config, formats, tensors, weightBytes, problems };
}

/** Bytes of the keys and values that a request of so many tokens keeps: layers with a window no more than that of them. */
export function kvBytesOfContext(config: ModelConfig, dtype: FloatDType, tokens: number): number {
  const { slidingWindows, layersPerGroup } = layerGroups(config, tokens);
  const perToken = kvBytesPerBlock(config, dtype, 1, layersPerGroup);
  return slidingWindows.reduce((sum, window) => sum + Math.min(window, tokens) * perToken, 0);
}

/** Bytes that one token's keys and values take in all layers. */
export function kvBytesPerToken(config: ModelConfig, dtype: FloatDType): number {
  return kvBytesPerBlock(config, dtype, 1);
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
