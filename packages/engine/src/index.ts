/** Octavo's engine: `await LLM.load(model)`, then `generate` or `chat`. @module */
export { describeModel, kvBytesPerToken, type ModelDescription, type TensorSummary } from "@octavo/models";
export { type BackendReport, describeBackends } from "./describe-backends.js";
export type {
  Engine,
  EngineInfo,
  EngineStats,
  FinishReason,
  GenerateRequest,
  OutputChunk,
  PositionLogprobs,
  RequestStream,
  ResetPrefixCacheOptions,
  TokenLogprob,
} from "./engine.js";
export type { EngineOptions } from "./engine-options.js";
export { type CompletionOutput, collectOutput, Generation, type RequestOutput } from "./generation.js";
export type { AllBlocksCleared, BlockRemoved, BlockStored, KvCacheEvent, KvMedium } from "./kv-events.js";
export { LLM } from "./llm.js";
export type { Prompt } from "./prompt.js";
export type { SamplingParams } from "./sampling-params.js";
