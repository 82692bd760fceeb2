/** Model architectures composed from backend ops, and the loading of Hugging Face folders and GGUF files. @module @octavo/models */

export type { CausalLM, Encoder, ForwardContext, KvCacheTensors, TextModel } from "./causal-lm.js";
export { Checkpoint } from "./checkpoint.js";
export { describeModel, kvBytesPerToken, type ModelDescription, type TensorSummary } from "./describe-model.js";
export { type GenerationDefaults, readGenerationDefaults } from "./generation-config.js";
export type { LoadFormat } from "./load-format.js";
export { kvBytesPerBlock, type LoadOptions, loadModel, loadTextModel, type TextLoadOptions } from "./load-model.js";
export type { ModelConfig } from "./model-config.js";
export type { ModelSource, SchemeOptions, WeightFiles } from "./model-source.js";
export { openModel, readModelConfig } from "./open-model.js";
export type { PoolingConfig, PoolingType } from "./pooling.js";
export { isEncoder, supportedArchitectures } from "./registry.js";
export { fillRopeTable, type RopeFrequencies, ropeFrequencies } from "./rope.js";
export type { RopeConfig, RopeScaling } from "./rope-config.js";
export { planRopeTable, type RopeTablePlan } from "./rope-table.js";
