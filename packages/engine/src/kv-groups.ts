// Which layers of a model share a block table in this engine.
import { type LayerGroups, layerGroups, type ModelConfig, oneGroup } from "@octavo/models";
import type { EngineOptions } from "./engine-options.js";
import { resolveSpeculation } from "./speculation/speculative-config.js";

/**
 * As the windows of the layers are, so that what they cannot see comes free. A draft model computes a context when it is first asked,
 * and so needs a group that keeps all its blocks: where all layers have windows, they are such a group then.
 */
export function resolveLayerGroups(options: EngineOptions, config: ModelConfig, maxModelLen: number): LayerGroups {
  const { speculativeConfig, disableHybridKvCacheManager = false } = options;
  const groups = layerGroups(config, maxModelLen);
  const drafts = speculativeConfig && resolveSpeculation(speculativeConfig).method === "draft_model";
  return disableHybridKvCacheManager || (drafts && groupThatKeepsAll(groups) < 0) ? oneGroup(config) : groups;
}

/** The index of a group whose blocks stay while a request runs; -1: there is none. */
export function groupThatKeepsAll({ slidingWindows }: LayerGroups): number {
  return slidingWindows.indexOf(Number.POSITIVE_INFINITY);
}
