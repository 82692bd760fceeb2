/** Backends that need no native code, and the cases that every backend must pass. @module @octavo/core/testing */
export { encodeBlocks, randomBlocks } from "./blocks.js";
export * from "./float-conversion.js";
export * from "./gguf-writer.js";
export { type MemoryCase, memoryCases, runMemoryCase } from "./memory-cases.js";
export { createNullBackend, type NullBackendOptions } from "./null-backend.js";
export { type CaseOptions, optionsOn } from "./op-cases/attention-options-cases.js";
export { allowedRecord, editsRecord, historyRecord, type LogitEdit } from "./op-cases/batch-records.js";
export {
  type BatchRecord,
  type BatchRow,
  type BatchSpec,
  preparedBatch,
  type RowAdjustment,
  randomRows,
} from "./op-cases/case-batch.js";
export { CaseBench, type CaseOutput, type Fill, type OutputOptions } from "./op-cases/case-bench.js";
export { type DamageCase, damageCases, runDamageCase } from "./op-cases/damage-cases.js";
export { type OpCase, type OpName, TOLERANCES, type Tolerance } from "./op-cases/op-case.js";
export { executeOpCase, type OpReport, runOpCase, seedOf } from "./op-cases/run-op-case.js";
export { SCORE_TOLERANCE } from "./op-cases/sampling-cases.js";
export { opCases } from "./op-cases/table.js";
export { type Random, seededRandom } from "./random.js";
export { createReferenceBackend } from "./reference/reference-backend.js";
export type { RowSampling } from "./reference/sampling.js";
