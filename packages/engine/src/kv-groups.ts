// Which layers of a model share a block table in this engine.
import { checkArgument, OctavoError } from "@octavo/core";
import { type LayerGroups, layerGroups, type ModelConfig, oneGroup } from "@octavo/models";
import type { EngineInfo } from "./engine.js";
import type { EngineOptions } from "./engine-options.js";
import { resolveOffloading } from "./memory-options.js";
import { resolveSpeculation } from "./speculation/speculative-config.js";

/**
 * As the windows of the layers are, so that what they cannot see comes free. With a draft model all is kept: it computes a context
 * when it is first asked, and its layers see what they see.
 * @throws INVALID_ARGUMENT for a host tier with several groups, whose blocks would have to move together
 */
export function resolveLayerGroups(options: EngineOptions, config: ModelConfig, maxModelLen: number): LayerGroups {
  const { speculativeConfig } = options;
  if (speculativeConfig && resolveSpeculation(speculativeConfig).method === "draft_model") return oneGroup(config);
  const groups = layerGroups(config, maxModelLen);
  checkArgument(
    groups.slidingWindows.length === 1 || resolveOffloading(options) === 0,
    () =>
      `kv_offloading_size is not possible with a model whose layers see windows of different lengths (${config.architecture}: ` +
      `${describe(groups)}): leave it out, or set max_model_len to at most ${shortest(groups)}, where no window matters`,
    "kv_offloading_size",
  );
  return groups;
}

/** @throws UNSUPPORTED where blocks of the prefix cache are of several groups: one of them does not say that a prefix is there */
export function checkEvents({ slidingWindows }: EngineInfo): void {
  if (slidingWindows.length <= 1) return;
  throw new OctavoError({
    code: "UNSUPPORTED",
    message:
      `KV events are not possible with ${slidingWindows.length} groups of layers, which see windows of different lengths: ` +
      "a block of one group does not say that a prefix is cached",
  });
}

function describe({ slidingWindows }: LayerGroups): string {
  return [...new Set(slidingWindows)]
    .map((window) => (Number.isFinite(window) ? `${window} tokens` : "all"))
    .join(", ");
}

/** The longest sequence that no window cuts. */
function shortest({ slidingWindows }: LayerGroups): number {
  return Math.min(...slidingWindows);
}
