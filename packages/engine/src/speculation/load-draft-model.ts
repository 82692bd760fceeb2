// The model that drafts: a smaller one of the same vocabulary, or the target's first layers.
import { type Backend, checkArgument } from "@octavo/core";
import { type CausalLM, kvBytesPerBlock, loadModel, openModel } from "@octavo/models";
import type { EngineOptions } from "../engine-options.js";
import type { DraftModel } from "../runner/draft-runner.js";
import { resolveSpeculation } from "./speculative-config.js";

/** What a draft model adds to an engine's memory. */
export interface DraftMemory {
  readonly weightBytes: number;
  kvBytesPerBlock(blockSize: number): number;
}

/** Of a quarter of the layers some drafts are right, and they take a quarter of the time. */
const SELF_SHARE = 4;

/**
 * Nothing where no model drafts.
 * @param maxModelLen the target's
 * @throws INVALID_ARGUMENT when the vocabularies differ, or there are not so many layers; what loading a model throws
 */
export function loadDraftModel(
  options: EngineOptions,
  target: CausalLM,
  backend: Backend,
  maxModelLen: number,
): DraftModel | undefined {
  if (options.speculativeConfig === undefined) return undefined;
  const { method, model: path, numLayers: asked } = resolveSpeculation(options.speculativeConfig);
  if (method === "self") {
    const { numLayers } = target.config;
    const first = asked ?? Math.max(1, Math.round(numLayers / SELF_SHARE));
    checkArgument(
      first <= numLayers,
      `speculative_config.num_layers is ${first}, the model has ${numLayers}`,
      "speculative_config.num_layers",
    );
    return { model: target, numLayers: first };
  }
  if (method !== "draft_model") return undefined;
  const source = openModel(path!);
  const { vocabSize } = target.config;
  checkArgument(
    source.config.vocabSize === vocabSize,
    `the draft model ${path} has a vocabulary of ${source.config.vocabSize} tokens, the model has ${vocabSize}: a draft model needs the same tokens, such as a smaller one of the same family`,
    "speculative_config.model",
  );
  const { dequantize, loadFormat } = options;
  const model = loadModel(source, backend, { dtype: target.dtype, dequantize, loadFormat, maxModelLen });
  return { model, numLayers: undefined };
}

/** A model's own layers take nothing beside what they take anyway. */
export function draftMemory({ model, numLayers }: DraftModel): DraftMemory {
  if (numLayers !== undefined) return { weightBytes: 0, kvBytesPerBlock: () => 0 };
  return {
    weightBytes: model.weightBytes,
    kvBytesPerBlock: (blockSize) => kvBytesPerBlock(model.config, model.dtype, blockSize),
  };
}
