/** Model architectures composed from backend ops, and the loading of Hugging Face folders and GGUF files. @module @octavo/models */

export type { CausalLM, Encoder, ForwardContext, KvCacheTensors, TextModel } from "./causal-lm.js";
export { Checkpoint } from "./checkpoint.js";
export type { CheckpointFormat } from "./checkpoint-files.js";
export { describeModel, type ModelDescription } from "./describe-model.js";
export { type GenerationDefaults, readEndTokens, readGenerationDefaults } from "./generation-config.js";
export { kvTensorsPerLayer, valuesOf } from "./kv-layout.js";
export { type LayerGroups, layerGroups, oneGroup } from "./layer-groups.js";
export type { LoadFormat } from "./load-format.js";
export { kvBytesPerBlock, type LoadOptions, loadModel, loadTextModel, type TextLoadOptions } from "./load-model.js";
export type { ModelConfig } from "./model-config.js";
export type { ModelSource, SchemeOptions, WeightFiles, WeightFormat } from "./model-source.js";
export { openModel, readModelConfig } from "./open-model.js";
export type { MatryoshkaDimensions, PoolingConfig, PoolingType } from "./pooling.js";
export type { ProjectionConfig } from "./projection-config.js";
export { Projections } from "./projections.js";
export { isEncoder, supportedArchitectures } from "./registry.js";
export { type DTypeOption, resolveDType } from "./resolve-dtype.js";
export { fillRopeTable, type RopeFrequencies, ropeFrequencies } from "./rope.js";
export type { RopeConfig, RopeScaling } from "./rope-config.js";
export { planRopeTable, type RopeTablePlan } from "./rope-table.js";
export type { TensorSummary } from "./tensor-summary.js";
export { type WeightNeed, type WeightNeedOptions, weightNeed } from "./weight-need.js";
