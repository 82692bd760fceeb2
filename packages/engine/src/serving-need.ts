// How a model would be served, from its headers: the same functions as when it is loaded.
import type { Backend, BackendInfo, FloatDType } from "@octavo/core";
import { kvBytesPerBlock, type ModelDescription, type PoolingConfig, type WeightNeed } from "@octavo/models";
import { checkMemory, checkPoolingMemory } from "./core/check-memory.js";
import type { EngineOptions } from "./engine-options.js";
import { checkShare, requestBytes } from "./kv-budget.js";
import { kvNeed } from "./kv-need.js";
import { resolvePoolingSizes, stepBytes } from "./pooling/pooling-sizes.js";
import { resolvePooling } from "./pooling/resolve-runner.js";

/** What serving a model takes beside its weights. */
export interface ServingNeed {
  /** How it makes embeddings; null: it generates. */
  readonly pooling: PoolingConfig | null;
  /** Tokens of the longest request. */
  readonly maxModelLen: number;
  /** Of all layers, for each token that is kept; 0 of an encoder. */
  readonly kvBytesPerToken: number;
  /** Keys and values that one request of that length keeps; of embeddings those of one step. */
  readonly kvBytesAtMaxModelLen: number;
  /** For each group of layers with blocks of its own, the tokens that a token sees; null: all. Of embeddings none. */
  readonly slidingWindows: readonly (number | null)[];
}

/** What {@link servingNeed} reads of a model, with a config that Octavo knows. */
export type ServedModel = Pick<ModelDescription, "path" | "pooling"> & {
  readonly config: NonNullable<ModelDescription["config"]>;
};

/** @param dtype of keys and values @throws INVALID_ARGUMENT for options that the model cannot have */
export function servingNeed(
  model: ServedModel,
  options: EngineOptions,
  dtype: FloatDType,
  backend: Pick<BackendInfo, "blockSize">,
): ServingNeed {
  const { config } = model;
  const pooling = poolingOf(model, options);
  const kvBytesPerToken = kvBytesPerBlock(config, dtype, 1);
  if (pooling !== null) {
    const sizes = resolvePoolingSizes(options, pooling, config.maxPositions, backend);
    const kvBytesAtMaxModelLen = stepBytes(sizes, config, dtype);
    return { pooling, maxModelLen: sizes.maxModelLen, kvBytesPerToken, kvBytesAtMaxModelLen, slidingWindows: [] };
  }
  const need = kvNeed(options, config, dtype, backend);
  const { maxModelLen } = need;
  const slidingWindows = need.slidingWindows.map((window) => (Number.isFinite(window) ? window : null));
  const kvBytesAtMaxModelLen = requestBytes(maxModelLen, need);
  return { pooling, maxModelLen, kvBytesPerToken, kvBytesAtMaxModelLen, slidingWindows };
}

/** @throws OUT_OF_MEMORY as loading it would, before it reads a weight; INVALID_ARGUMENT */
export function checkServing(model: ServedModel, options: EngineOptions, weights: WeightNeed, backend: Backend): void {
  const { path, config } = model;
  const { info } = backend;
  const pooling = poolingOf(model, options);
  if (pooling === null) {
    checkShare(options, info, () => backend.describeMemory?.() ?? "");
    checkMemory(path, options, weights, kvNeed(options, config, weights.dtype, info), info);
  } else {
    const sizes = resolvePoolingSizes(options, pooling, config.maxPositions, info);
    checkPoolingMemory(path, weights, stepBytes(sizes, config, weights.dtype), info);
  }
}

function poolingOf({ path, config, pooling }: ServedModel, options: EngineOptions): PoolingConfig | null {
  return resolvePooling(options, { path, config, pooling: () => pooling });
}
