// The device memory that all steps share: row tables and the batch.
import {
  type Backend,
  type Batch,
  batchOfGroup,
  PlanHeader,
  type PlanLayout,
  planSection,
  ROW_INIT_WORDS,
  recordTableShapes,
  type Storage,
  type Tensor,
  tensor,
} from "@octavo/core";
import type { LayerGroups } from "@octavo/models";
import { LogprobTables, logprobTableBytes } from "./logprob-rows.js";
import type { StepSlot } from "./step-slot.js";

/** Tables and batch tensors in one allocation, at addresses that stay. */
export class DeviceState {
  readonly batch: Batch;
  /** The batch as each group of layers sees it. */
  readonly groupBatches: readonly Batch[];
  /** int32 [maxSamples] */
  readonly sampled: Tensor;
  /** int32 [maxSamples]: tokens whose logprobs are computed next. */
  readonly named: Tensor;
  /** Used by one launch after the other, as many rows at a time as there is room for. */
  readonly logprobs: LogprobTables;
  readonly #storage: Storage;

  /** @param maxLogprobs alternatives that a request may see */
  constructor(backend: Backend, layout: PlanLayout, maxLogprobs: number) {
    const shapes = tableShapes(layout);
    this.#storage = backend.allocate(deviceStateBytes(layout, maxLogprobs), "tables");
    let offset = 0;
    const take = (shape: number[]) => {
      const t = tensor("int32", shape, this.#storage, offset);
      offset += aligned(shape);
      return t;
    };
    const plan = take(shapes.plan);
    this.batch = {
      layout,
      plan,
      tables: {
        blockTables: take(shapes.blockTables),
        lastTokens: take(shapes.lastTokens),
        sampling: take(shapes.sampling),
        ...(layout.capacity.vocabSize > 0 && {
          records: {
            tokenCounts: take(shapes.tokenCounts),
            recentTokens: take(shapes.recentTokens),
            tokenMasks: take(shapes.tokenMasks),
            edits: take(shapes.edits),
          },
        }),
      },
      inputIds: take(shapes.inputIds),
      positions: take(shapes.positions),
      slots: take(shapes.slots),
      sampleTokens: planSection(plan, layout.sampleTokens, layout.capacity.maxSamples),
      numRows: 0,
      numTokens: 0,
      numSamples: 0,
      maxQueryLen: 0,
      maxSeqLen: 0,
    };
    this.groupBatches = Array.from({ length: layout.capacity.numGroups }, (_, g) => batchOfGroup(this.batch, g));
    this.sampled = take(shapes.sampled);
    this.named = take(shapes.named);
    this.logprobs = new LogprobTables(this.#storage, offset, logprobCapacity(layout, maxLogprobs));
  }

  /** Enqueues the copy of a slot's finished plan, and takes the plan's counts for the batch. */
  upload(backend: Backend, { plan, planTensor }: StepSlot): void {
    const { batch } = this;
    const { words } = plan;
    backend.copy(batch.plan, planTensor, 4 * words[PlanHeader.totalWords]!);
    batch.numRows = words[PlanHeader.numRows]!;
    batch.numTokens = words[PlanHeader.numTokens]!;
    batch.numSamples = words[PlanHeader.numSamples]!;
    batch.maxQueryLen = words[PlanHeader.maxQueryLen]!;
    batch.maxSeqLen = words[PlanHeader.maxSeqLen]!;
  }

  dispose(): void {
    this.#storage.dispose();
  }
}

/** For each layer, its group's batch; undefined where all have the same. */
export function batchesOfLayers({ groups }: LayerGroups, groupBatches: readonly Batch[]): Batch[] | undefined {
  return groupBatches.length > 1 ? groups.map((group) => groupBatches[group]!) : undefined;
}

/** Bytes that a {@link DeviceState} takes. */
export function deviceStateBytes(layout: PlanLayout, maxLogprobs: number): number {
  const tables = Object.values(tableShapes(layout)).reduce((sum, shape) => sum + aligned(shape), 0);
  return tables + logprobTableBytes(logprobCapacity(layout, maxLogprobs));
}

/** Alternatives that all rows may see at once; more of them are computed a few rows at a time. */
const USUAL_LOGPROBS = 20;

function logprobCapacity({ capacity }: PlanLayout, maxLogprobs: number): number {
  return Math.max(capacity.maxRows * (1 + Math.min(maxLogprobs, USUAL_LOGPROBS)), 1 + maxLogprobs);
}

function tableShapes(layout: PlanLayout) {
  const { maxRows, maxTokens, maxBlocksPerRow, maxSamples, numGroups } = layout.capacity;
  return {
    plan: [layout.totalWords],
    blockTables: [numGroups, maxRows, maxBlocksPerRow],
    lastTokens: [maxRows],
    sampling: [maxRows, ROW_INIT_WORDS],
    ...recordShapes(layout),
    inputIds: [maxTokens],
    positions: [maxTokens],
    slots: [numGroups, maxTokens],
    sampled: [maxSamples],
    named: [maxSamples],
  };
}

/** Of no size where the plan has no room for records. */
function recordShapes(layout: PlanLayout): ReturnType<typeof recordTableShapes> {
  const shapes = recordTableShapes(layout);
  if (layout.capacity.vocabSize > 0) return shapes;
  return { tokenCounts: [0, 0], recentTokens: [0, 0], tokenMasks: [0, 0], edits: [0, 0] };
}

/** Bytes of an int32 tensor, up to the next one's address. */
function aligned(shape: readonly number[]): number {
  return Math.ceil((4 * shape.reduce((a, b) => a * b)) / 256) * 256;
}
