/** Octavo's engine: `await LLM.load(model)`, then `generate` or `chat`. @module @octavo/engine */
export type { DownloadProgress } from "@octavo/hub";
export {
  describeModel,
  type GenerationDefaults,
  type ModelDescription,
  type TensorSummary,
  type WeightNeed,
} from "@octavo/models";
export { cumulativeLogprob, highestCumulative, resolveChoices } from "./choices.js";
export type { WorkerContext, WorkerExtension } from "./core/worker-methods.js";
export { type BackendReport, describeBackends } from "./describe-backends.js";
export type { DeviceForModel } from "./devices-for-model.js";
export type {
  Beam,
  BeamSearchOutput,
  BeamSearchParams,
  EmbeddingOutput,
  EmbedOptions,
  Engine,
  EngineInfo,
  EngineStats,
  FinishReason,
  GenerateRequest,
  OutputChunk,
  PoolingInfo,
  PositionLogprobs,
  RequestStream,
  ResetPrefixCacheOptions,
  TokenLogprob,
} from "./engine.js";
export { type EngineOptions, LOGPROBS_MODES, type LogprobsMode, RUNNERS, type Runner } from "./engine-options.js";
export { type CompletionOutput, collectOutput, Generation, type RequestOutput } from "./generation.js";
export { generationConfigOf } from "./generation-config.js";
export { type Inspection, type InspectOptions, inspectModel } from "./inspect-model.js";
export type { AllBlocksCleared, BlockRemoved, BlockStored, KvCacheEvent, KvMedium } from "./kv-events.js";
export { LLM } from "./llm.js";
export type { LoadListener } from "./load-listener.js";
export type { ModelLocation } from "./model-location.js";
export type { PauseMode, PauseOptions } from "./pause.js";
export type {
  LogitsProcessor,
  LogitsProcessorRequest,
  ProcessRequestLogits,
} from "./processors/logits-processor.js";
export type { Prompt } from "./prompt.js";
export type { RepetitionDetectionParams } from "./repetition-detection.js";
export type { RequestOptions } from "./request-options.js";
export type { SamplingParams } from "./sampling-params.js";
export type { ServingNeed } from "./serving-need.js";
export {
  SPECULATIVE_METHODS,
  type SpeculativeConfig,
  type SpeculativeMethod,
  speculativeConfigOf,
} from "./speculation/speculative-config.js";
export { truncatePrompt } from "./truncate-prompt.js";
