// What decides how much of the KV cache a request takes, before anything is loaded.
import type { BackendInfo, FloatDType } from "@octavo/core";
import { kvBytesPerBlock, type ModelConfig } from "@octavo/models";
import type { EngineOptions } from "./engine-options.js";
import { resolveBatch, resolveBlockSize, resolveMaxModelLen, wholePrompts } from "./engine-sizes.js";
import type { KvNeed } from "./kv-budget.js";
import { resolveLayerGroups } from "./kv-groups.js";

/** @param dtype of keys and values @throws INVALID_ARGUMENT for options that it cannot have */
export function kvNeed(
  options: EngineOptions,
  config: ModelConfig,
  dtype: FloatDType,
  backend: Pick<BackendInfo, "blockSize">,
): KvNeed {
  const maxModelLen = resolveMaxModelLen(options, config.maxPositions);
  const { slidingWindows, layersPerGroup } = resolveLayerGroups(options, config, maxModelLen);
  const blockSize = resolveBlockSize(options, backend, maxModelLen);
  const blockBytes = kvBytesPerBlock(config, dtype, blockSize, layersPerGroup);
  const batch = resolveBatch(options, wholePrompts(options, maxModelLen));
  return { maxModelLen, blockSize, blockBytes, slidingWindows, ...batch };
}
