/** Continuous batching for LLM engines: which request computes which tokens in a step. Integers only. @module @octavo/scheduler */
export { type DraftRequest, type DraftSource, maxSamples } from "./draft-source.js";
export * from "./finish-reason.js";
export type { NamedLogprobs } from "./named-logprobs.js";
export * from "./output-sink.js";
export type { SchedulerPauseMode } from "./pause-gate.js";
export { SCHEDULING_POLICIES, type SchedulingPolicyName } from "./policy/index.js";
export type { ProcessedSample } from "./processed-sample.js";
export type { RepetitionDetection } from "./repetition.js";
export * from "./request-spec.js";
export * from "./scheduler.js";
export * from "./scheduler-config.js";
export type { SchedulerSnapshot, SchedulerStats } from "./scheduler-stats.js";
export * from "./step-work.js";
