/** The engine without text: a core that steps, for benchmarks and for engines of your own. @module */
export {
  encodeAbort,
  encodeAdd,
  encodeKvEvents,
  encodeRelease,
  encodeResetPrefixCache,
  type Sharing,
} from "../protocol/commands.js";
export { OUTPUT_WORDS, OutputBatch } from "../protocol/outputs.js";
export { createStatsBuffer, readStats } from "../protocol/stats.js";
export { type ResolvedSamplingParams, resolveSamplingParams } from "../sampling-params.js";
export { EngineCore } from "./engine-core.js";
export { type LoadedCore, loadCore } from "./load-core.js";
