// The device memory that all steps share: row tables and the batch.
import {
  type Backend,
  type Batch,
  type PlanLayout,
  planSection,
  ROW_INIT_WORDS,
  type Storage,
  type Tensor,
  tensor,
} from "@octavo/core";
import { LogprobTables, logprobTableBytes } from "./logprob-rows.js";

/** Tables and batch tensors in one allocation, at addresses that stay. */
export class DeviceState {
  readonly batch: Batch;
  /** int32 [maxSamples] */
  readonly sampled: Tensor;
  /** Rows for `maxSamples` tokens, used by one launch after the other. */
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
    this.sampled = take(shapes.sampled);
    this.logprobs = new LogprobTables(this.#storage, offset, logprobCapacity(layout, maxLogprobs));
  }

  dispose(): void {
    this.#storage.dispose();
  }
}

/** Bytes that a {@link DeviceState} takes. */
export function deviceStateBytes(layout: PlanLayout, maxLogprobs: number): number {
  const tables = Object.values(tableShapes(layout)).reduce((sum, shape) => sum + aligned(shape), 0);
  return tables + logprobTableBytes(logprobCapacity(layout, maxLogprobs));
}

function logprobCapacity({ capacity }: PlanLayout, maxLogprobs: number): number {
  return capacity.maxSamples * (1 + maxLogprobs);
}

function tableShapes(layout: PlanLayout) {
  const { maxRows, maxTokens, maxBlocksPerRow, maxSamples } = layout.capacity;
  return {
    plan: [layout.totalWords],
    blockTables: [maxRows, maxBlocksPerRow],
    lastTokens: [maxRows],
    sampling: [maxRows, ROW_INIT_WORDS],
    inputIds: [maxTokens],
    positions: [maxTokens],
    slots: [maxTokens],
    sampled: [maxSamples],
  };
}

/** Bytes of an int32 tensor, up to the next one's address. */
function aligned(shape: readonly number[]): number {
  return Math.ceil((4 * shape.reduce((a, b) => a * b)) / 256) * 256;
}
