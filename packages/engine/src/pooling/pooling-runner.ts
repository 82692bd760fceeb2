// Runs steps of whole prompts and pools their hidden states into one vector each. An encoder needs no KV cache; a decoder's keys and
// values lie in blocks of the step alone, which the next step overwrites.
import {
  type Backend,
  byteSize,
  type FloatDType,
  planSection,
  ROW_INIT_WORDS,
  RowInit,
  type StepPlan,
  type Tensor,
  tensor,
  Workspace,
} from "@octavo/core";
import {
  type CausalLM,
  type Encoder,
  type ForwardContext,
  isEncoder,
  oneGroup,
  type PoolingConfig,
  Projections,
} from "@octavo/models";
import { DeviceState } from "../runner/device-state.js";
import { KvPool } from "../runner/kv-pool.js";
import { StepSlot } from "../runner/step-slot.js";
import type { PoolingSizes } from "./pooling-sizes.js";
import { normalize, readFloats } from "./vectors.js";

export class PoolingRunner implements Disposable {
  readonly #backend: Backend;
  readonly #model: CausalLM | Encoder;
  readonly #pooling: PoolingConfig;
  readonly #state: DeviceState;
  readonly #slot: StepSlot;
  readonly #workspace: Workspace;
  readonly #kvPool: KvPool | undefined;
  readonly #projections: Projections;
  readonly #context: ForwardContext;
  /** [maxRows, hidden]: float32 where rows are averaged, else in the model's dtype. */
  readonly #pooled: Tensor;
  readonly #hostPooled: Tensor;
  /** For each row, which token of the step is pooled, unless all are. */
  readonly #tokens: Tensor;
  readonly #vectors: Float32Array;
  /** Of a vector. */
  readonly size: number;
  readonly #rowInit = new Int32Array(ROW_INIT_WORDS);
  #steps = 0;
  #blocks = 0;

  constructor(backend: Backend, model: CausalLM | Encoder, pooling: PoolingConfig, sizes: PoolingSizes) {
    const { layout, maxNumBatchedTokens, maxNumSeqs, numBlocks, blockSize } = sizes;
    const { hiddenSize } = model.config;
    const { projections = [] } = pooling;
    this.#backend = backend;
    this.#model = model;
    this.#pooling = pooling;
    this.#state = new DeviceState(backend, layout, 0);
    this.#slot = new StepSlot(backend, layout);
    this.size = projections.at(-1)?.outFeatures ?? hiddenSize;
    this.#projections = new Projections(projections, backend);
    const scratch = model.workspaceBytes(maxNumBatchedTokens, 0) + this.#projections.workspaceBytes(maxNumSeqs);
    this.#workspace = new Workspace(backend, scratch);
    const { batch } = this.#state;
    if (!isEncoder(model.config)) {
      this.#kvPool = new KvPool(backend, model.config, model.dtype, numBlocks, blockSize, oneGroup(model.config));
    }
    const kvCache = this.#kvPool ?? { keys: [], values: [] };
    this.#context = { ops: backend.ops, workspace: this.#workspace, batch, kvCache };
    const dtype: FloatDType = pooling.type === "mean" ? "float32" : model.dtype;
    const shape = [maxNumSeqs, hiddenSize];
    this.#pooled = tensor(dtype, shape, backend.allocate(byteSize(dtype, shape), "tables"));
    const givenDtype = projections.length > 0 ? "float32" : dtype;
    const given = [maxNumSeqs, this.size];
    this.#hostPooled = tensor(givenDtype, given, backend.allocateHost(byteSize(givenDtype, given)));
    this.#tokens =
      pooling.type === "cls" ? planSection(batch.plan, layout.queryStarts, maxNumSeqs) : batch.sampleTokens;
    this.#vectors = new Float32Array(maxNumSeqs * this.size);
  }

  get kvCacheBytes(): number {
    const { numBlocks } = this.#kvPool ?? { numBlocks: 0 };
    return numBlocks * (this.#kvPool?.bytesPerBlock ?? 0);
  }

  /** Empties the plan. */
  begin(): void {
    this.#plan.begin(this.#steps++);
    this.#blocks = 1;
  }

  /** Prompts that were added since `begin`. */
  get numRows(): number {
    return this.#plan.numRows;
  }

  /** Whether a prompt of so many tokens fits beside those that were added since `begin`. */
  hasRoom(numTokens: number): boolean {
    const { maxRows, maxTokens } = this.#plan.layout.capacity;
    return this.#plan.numRows < maxRows && this.#plan.numTokens + numTokens <= maxTokens;
  }

  add(prompt: Int32Array): void {
    const plan = this.#plan;
    const row = plan.numRows;
    this.#rowInit[RowInit.ropeOffset] = this.#model.ropeOffset(prompt.length);
    plan.addRowInit(row, this.#rowInit);
    plan.addRow(row, 0, prompt.length, 1);
    for (let i = 0; i < prompt.length; i++) plan.addToken(prompt[i]!);
    const { blockSize } = plan.layout.capacity;
    for (let index = 0; index * blockSize < prompt.length; index++) {
      // An encoder has no blocks, but its tokens' slots are computed, too.
      plan.addBlockWrite(row, index, this.#kvPool ? this.#blocks++ : 0);
    }
  }

  /** Computes what was added. @returns the prompts' vectors, [rows, size], valid until the next call */
  run(): Float32Array {
    const { ops } = this.#backend;
    const { batch } = this.#state;
    const { plan, done } = this.#slot;
    plan.finish();
    this.#state.upload(this.#backend, this.#slot);
    ops.prepareBatch(batch);
    this.#workspace.reset();
    const hidden = this.#model.forward(this.#context);
    const shape = [batch.numRows, this.#model.config.hiddenSize];
    const { dtype, storage } = this.#pooled;
    const pooled = tensor(dtype, shape, storage);
    if (this.#pooling.type === "mean") ops.meanRows(pooled, hidden, batch);
    else ops.gatherRows(pooled, hidden, this.#tokens);
    const vectors = this.#projections.forward(ops, this.#workspace, pooled);
    this.#backend.copy(this.#hostPooled, vectors, byteSize(vectors.dtype, vectors.shape));
    done.record();
    done.wait();
    return this.#read(batch.numRows);
  }

  #read(numRows: number): Float32Array {
    const { size } = this;
    const vectors = this.#vectors.subarray(0, numRows * size);
    readFloats(vectors, this.#hostPooled.storage.bytes!, this.#hostPooled.dtype as FloatDType);
    if (this.#pooling.normalize) {
      for (let at = 0; at < vectors.length; at += size) normalize(vectors.subarray(at, at + size));
    }
    return vectors;
  }

  get #plan(): StepPlan {
    return this.#slot.plan;
  }

  dispose(): void {
    for (const { storage } of [this.#pooled, this.#hostPooled]) storage.dispose();
    this.#kvPool?.dispose();
    this.#projections.dispose();
    this.#workspace.dispose();
    this.#slot.dispose();
    this.#state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
