// The device memory of a running engine: row tables, the batch, and for each step in flight a plan and its sampled tokens.
import {
  type Backend,
  type Batch,
  type DeviceEvent,
  type PlanLayout,
  ROW_INIT_WORDS,
  StepPlan,
  type Storage,
  type Tensor,
  tensor,
} from "@octavo/core";

/** What one step in flight needs on the host: the plan that the scheduler writes and the tokens that come back. */
export class StepSlot {
  readonly plan: StepPlan;
  readonly planTensor: Tensor;
  /** int32 [maxRows], valid after `done.wait()` */
  readonly tokens: Int32Array;
  readonly tokensTensor: Tensor;
  readonly done: DeviceEvent;

  constructor(backend: Backend, layout: PlanLayout) {
    this.planTensor = hostInts(backend, layout.totalWords);
    this.plan = new StepPlan(layout, intsOf(this.planTensor));
    this.tokensTensor = hostInts(backend, layout.capacity.maxRows);
    this.tokens = intsOf(this.tokensTensor);
    this.done = backend.createEvent();
  }

  dispose(): void {
    this.done.dispose();
    this.planTensor.storage.dispose();
    this.tokensTensor.storage.dispose();
  }
}

/** Tables and batch tensors in one allocation, at addresses that stay. */
export class DeviceState {
  readonly batch: Batch;
  /** int32 [maxRows] */
  readonly sampled: Tensor;
  readonly #storage: Storage;

  constructor(backend: Backend, layout: PlanLayout) {
    const { maxRows, maxTokens, maxBlocksPerRow } = layout.capacity;
    const shapes = {
      plan: [layout.totalWords],
      blockTables: [maxRows, maxBlocksPerRow],
      lastTokens: [maxRows],
      sampling: [maxRows, ROW_INIT_WORDS],
      inputIds: [maxTokens],
      positions: [maxTokens],
      slots: [maxTokens],
      sampleTokens: [maxRows],
      sampled: [maxRows],
    };
    const aligned = (shape: number[]) => Math.ceil((4 * shape.reduce((a, b) => a * b)) / 256) * 256;
    const total = Object.values(shapes).reduce((sum, shape) => sum + aligned(shape), 0);
    this.#storage = backend.allocate(total, "tables");
    let offset = 0;
    const take = (shape: number[]) => {
      const t = tensor("int32", shape, this.#storage, offset);
      offset += aligned(shape);
      return t;
    };
    this.batch = {
      layout,
      plan: take(shapes.plan),
      tables: {
        blockTables: take(shapes.blockTables),
        lastTokens: take(shapes.lastTokens),
        sampling: take(shapes.sampling),
      },
      inputIds: take(shapes.inputIds),
      positions: take(shapes.positions),
      slots: take(shapes.slots),
      sampleTokens: take(shapes.sampleTokens),
      numRows: 0,
      numTokens: 0,
      numSamples: 0,
      maxQueryLen: 0,
      maxSeqLen: 0,
    };
    this.sampled = take(shapes.sampled);
  }

  dispose(): void {
    this.#storage.dispose();
  }
}

function hostInts(backend: Backend, length: number): Tensor {
  return tensor("int32", [length], backend.allocateHost(4 * length));
}

function intsOf(t: Tensor): Int32Array {
  const bytes = t.storage.bytes!;
  return new Int32Array(bytes.buffer, bytes.byteOffset, t.shape[0]);
}
