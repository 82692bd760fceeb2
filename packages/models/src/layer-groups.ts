// Which layers share a block table: those whose tokens see equally many tokens, in groups of equal size.
import type { ModelConfig } from "./model-config.js";

/** How a model's layers lie in the KV cache: a block holds the layers of one group. */
export interface LayerGroups {
  /** For each group, the tokens that a token sees, itself included; Infinity: all. */
  readonly slidingWindows: readonly number[];
  /** Layers that a block has room for: the last group of a window may have fewer. */
  readonly layersPerGroup: number;
  /** For each layer, its group. */
  readonly groups: readonly number[];
  /** For each layer, its place in the group. */
  readonly places: readonly number[];
}

/** More block tables cost more in every step than a padded block wastes. */
const MAX_GROUPS = 16;

/**
 * Groups as large as the rarest window has layers, or larger where that would be too many. Windows that are no shorter than the
 * longest sequence are none.
 */
export function layerGroups(
  { windows, cachedIn }: Pick<ModelConfig, "windows" | "cachedIn">,
  maxModelLen: number,
): LayerGroups {
  const hasOwn = (layer: number) => cachedIn === undefined || cachedIn[layer] === layer;
  const seen = windows.map((window) => (window === null || window >= maxModelLen ? Number.POSITIVE_INFINITY : window));
  const counts = new Map<number, number>();
  for (const window of seen.filter((_, layer) => hasOwn(layer))) counts.set(window, (counts.get(window) ?? 0) + 1);
  let layersPerGroup = Math.min(...counts.values());
  while (numGroups(counts, layersPerGroup) > Math.max(MAX_GROUPS, counts.size)) layersPerGroup++;
  const slidingWindows: number[] = [];
  const firsts = new Map<number, number>();
  for (const [window, count] of counts) {
    firsts.set(window, slidingWindows.length);
    for (let i = 0; i < count; i += layersPerGroup) slidingWindows.push(window);
  }
  const before = new Map<number, number>();
  const groups: number[] = [];
  const places: number[] = [];
  for (const [layer, window] of seen.entries()) {
    if (!hasOwn(layer)) {
      groups.push(groups[cachedIn![layer]!]!);
      places.push(places[cachedIn![layer]!]!);
      continue;
    }
    const index = before.get(window) ?? 0;
    before.set(window, index + 1);
    groups.push(firsts.get(window)! + Math.floor(index / layersPerGroup));
    places.push(index % layersPerGroup);
  }
  return { slidingWindows, layersPerGroup, groups, places };
}

/** All layers in one group that keeps everything, whatever their windows. */
export function oneGroup({ numLayers, cachedIn }: Pick<ModelConfig, "numLayers" | "cachedIn">): LayerGroups {
  return layerGroups({ windows: Array.from({ length: numLayers }, () => null), cachedIn }, Number.POSITIVE_INFINITY);
}

function numGroups(counts: ReadonlyMap<number, number>, layersPerGroup: number): number {
  return [...counts.values()].reduce((sum, count) => sum + Math.ceil(count / layersPerGroup), 0);
}
