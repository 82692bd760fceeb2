/** The engine without text: a core that steps, for benchmarks and for engines of your own. @module @octavo/engine/core */
export {
  type AddOptions,
  encodeAbort,
  encodeAdd,
  encodeKvEvents,
  encodeRelease,
  type Sharing,
} from "../protocol/commands.js";
export { LogprobsOf, logprobsRecordWords, OUTPUT_WORDS, OutputBatch } from "../protocol/outputs.js";
export { createStatsBuffer, readStats } from "../protocol/stats.js";
export { type ResolvedSamplingParams, resolveSamplingParams } from "../sampling-params.js";
export type { ControlCall, ControlReply } from "./control-calls.js";
export { EngineCore } from "./engine-core.js";
export { type LoadedCore, loadCore } from "./load-core.js";
export type { StepTimeObserver } from "./step-timer.js";
