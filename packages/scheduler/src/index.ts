/** Continuous batching for LLM engines: which request computes which tokens in a step. Integers only. @module @octavo/scheduler */
export * from "./finish-reason.js";
export * from "./output-sink.js";
export type { ProcessedSample } from "./processed-sample.js";
export * from "./request-spec.js";
export * from "./scheduler.js";
export * from "./scheduler-config.js";
export type { SchedulerStats } from "./scheduler-stats.js";
export * from "./step-work.js";
