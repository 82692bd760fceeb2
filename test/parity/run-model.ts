// Runs a model on one sequence without an engine: plans and batches made by hand, logits of every position.
import {
  type Backend,
  type Batch,
  byteSize,
  type DType,
  type FloatDType,
  planLayout,
  planSection,
  ROW_INIT_WORDS,
  RowInit,
  StepPlan,
  type Tensor,
  tensor,
  Workspace,
} from "@octavo/core";
import { type CausalLM, type ForwardContext, type LoadFormat, loadModel, valuesOf } from "@octavo/models";

const ROW = 1; // of two, so that a mix-up of row and index shows
const BLOCK_SIZE = 16;

export interface RunOptions {
  readonly dtype?: FloatDType;
  /** Sets the size of the RoPE table and so the frequencies of long prompts under dynamic scaling. */
  readonly maxModelLen?: number;
  readonly loadFormat?: LoadFormat;
  readonly dequantize?: boolean;
  readonly tap?: ForwardContext["tap"];
}

/** A loaded model with one growing sequence. */
export class ModelRun implements Disposable {
  readonly model: CausalLM;
  /** The largest fill that the workspace had. */
  workspaceUsed = 0;
  readonly workspaceBytes: number;
  readonly #backend: Backend;
  readonly #plan: StepPlan;
  readonly #hostPlan: Tensor;
  readonly #batch: Batch;
  readonly #workspace: Workspace;
  readonly #context: ForwardContext;
  #length = 0;
  #step = 0;

  /** @param capacity the longest sequence */
  constructor(folder: string, backend: Backend, capacity: number, options: RunOptions = {}) {
    const model = loadModel(folder, backend, options);
    const maxBlocks = Math.ceil(capacity / BLOCK_SIZE);
    const layout = planLayout({ maxRows: 2, maxTokens: capacity, maxBlocksPerRow: maxBlocks, blockSize: BLOCK_SIZE });
    const table = (dtype: DType, shape: number[], purpose: "tables" | "kv" = "tables") =>
      tensor(dtype, shape, backend.allocate(byteSize(dtype, shape), purpose));
    const { numLayers, numKvHeads, headDim } = model.config;
    const cache = () => table(model.dtype, [1 + maxBlocks, numKvHeads, BLOCK_SIZE, headDim], "kv");
    const keys = Array.from({ length: numLayers }, cache);
    const values = keys.map((own) => valuesOf(model.config, own, cache));
    this.model = model;
    this.#backend = backend;
    this.#hostPlan = tensor("int32", [layout.totalWords], backend.allocateHost(4 * layout.totalWords));
    this.#plan = new StepPlan(layout, int32s(this.#hostPlan));
    const planTensor = table("int32", [layout.totalWords]);
    this.#batch = {
      layout,
      plan: planTensor,
      tables: {
        blockTables: table("int32", [2, maxBlocks]),
        lastTokens: table("int32", [2]),
        sampling: table("int32", [2, ROW_INIT_WORDS]),
      },
      inputIds: table("int32", [capacity]),
      positions: table("int32", [capacity]),
      slots: table("int32", [capacity]),
      sampleTokens: planSection(planTensor, layout.sampleTokens, 2),
      numRows: 0,
      numTokens: 0,
      numSamples: 0,
      maxQueryLen: 0,
      maxSeqLen: 0,
    };
    this.workspaceBytes = model.workspaceBytes(capacity, capacity);
    this.#workspace = new Workspace(backend, this.workspaceBytes);
    const alloc = this.#workspace.alloc.bind(this.#workspace);
    this.#workspace.alloc = (dtype, shape) => {
      const t = alloc(dtype, shape);
      this.workspaceUsed = Math.max(this.workspaceUsed, this.#workspace.mark());
      return t;
    };
    this.#context = {
      ops: backend.ops,
      workspace: this.#workspace,
      batch: this.#batch,
      kvCache: { keys, values },
      tap: options.tap,
    };
  }

  /**
   * Appends `ids` to the sequence in one step.
   * @param promptLength of the whole sequence's prompt, of which the first `ids` may be a chunk
   * @returns the logits after each of them
   */
  feed(ids: readonly number[], promptLength = ids.length): Float32Array[] {
    const plan = this.#plan;
    plan.begin(this.#step++);
    if (this.#length === 0) {
      const record = new Int32Array(ROW_INIT_WORDS);
      record[RowInit.ropeOffset] = this.model.ropeOffset(promptLength);
      plan.addRowInit(ROW, record);
    }
    plan.addRow(ROW, this.#length, ids.length, 1);
    for (const id of ids) plan.addToken(id);
    const filled = Math.ceil(this.#length / BLOCK_SIZE);
    const needed = Math.ceil((this.#length + ids.length) / BLOCK_SIZE);
    // Blocks in descending order: nothing may rely on their being contiguous.
    const blocks = this.#batch.tables.blockTables.shape[1]!;
    for (let index = filled; index < needed; index++) plan.addBlockWrite(ROW, index, blocks - index);
    const words = plan.finish();
    const batch = this.#batch;
    this.#backend.copy(batch.plan, this.#hostPlan, 4 * words);
    batch.numRows = batch.numSamples = 1;
    batch.numTokens = batch.maxQueryLen = ids.length;
    batch.maxSeqLen = this.#length + ids.length;
    this.#backend.ops.prepareBatch(batch);
    this.#workspace.reset();
    const hidden = this.model.forward(this.#context);
    const logits = this.model.logits(this.#context, hidden);
    this.#length += ids.length;
    return this.#rows(logits);
  }

  #rows(logits: Tensor): Float32Array[] {
    const [count, size] = logits.shape as [number, number];
    const values = hostFloats(this.#backend, logits);
    return Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size));
  }

  /** Begins another sequence in the place of the present one. */
  restart(): void {
    this.#length = 0;
  }

  /** The prompt in one step, then `count` tokens, each the one with the largest logit. */
  greedy(prompt: readonly number[], count: number): number[] {
    let next = argmax(this.feed(prompt).at(-1)!);
    const tokens = [next];
    while (tokens.length < count) {
      next = argmax(this.feed([next]).at(-1)!);
      tokens.push(next);
    }
    return tokens;
  }

  [Symbol.dispose](): void {
    const { plan, inputIds, positions, slots, tables } = this.#batch;
    const { blockTables, lastTokens, sampling } = tables;
    const { keys, values } = this.#context.kvCache;
    const tensors = [plan, inputIds, positions, slots, blockTables, lastTokens, sampling, ...keys, ...values];
    for (const { storage } of [...tensors, this.#hostPlan]) storage.dispose();
    this.#workspace.dispose();
    this.model.dispose();
  }
}

/** A copy of a float32 tensor's values, once everything enqueued before is done. */
export function hostFloats(backend: Backend, source: Tensor): Float32Array {
  const size = byteSize("float32", source.shape);
  const host = tensor("float32", source.shape, backend.allocateHost(size));
  backend.copy(host, source, size);
  using done = backend.createEvent();
  done.record();
  done.wait();
  const bytes = Uint8Array.from(host.storage.bytes!.subarray(0, size));
  host.storage.dispose();
  return new Float32Array(bytes.buffer);
}

/** The index of the largest value; of equal ones the first. */
export function argmax(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
}

function int32s(t: Tensor): Int32Array {
  const bytes = t.storage.bytes!;
  return new Int32Array(bytes.buffer, bytes.byteOffset, t.shape[0]);
}
