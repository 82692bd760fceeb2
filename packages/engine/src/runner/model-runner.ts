// Turns a plan into device work: upload, expand, forward, sample. Enqueues only; `collect` is the one place that waits.
import { type Backend, PlanHeader, type PlanLayout, type StepPlan, type Tensor, tensor, Workspace } from "@octavo/core";
import type { CausalLM, ForwardContext } from "@octavo/models";
import type { EngineSizes } from "../engine-sizes.js";
import { BlockCopier, type BlockFileSpec } from "./block-copier.js";
import { DeviceState } from "./device-state.js";
import { KvPool } from "./kv-pool.js";
import { StepGraphs } from "./step-graphs.js";
import { StepSlot } from "./step-slot.js";

/**
 * Sees each launched plan with its logits, float32 [samples, vocab], before sampling; null when nothing samples. While there is
 * one, no step runs as a graph.
 */
export type StepObserver = (plan: StepPlan, logits: Tensor | null) => void;

export class ModelRunner implements Disposable {
  /** For tests and debugging; it must not change the logits. */
  onStep: StepObserver | undefined;
  readonly #backend: Backend;
  readonly #model: CausalLM;
  readonly #state: DeviceState;
  readonly #workspace: Workspace;
  readonly #kvPool: KvPool;
  /** Copies blocks of the KV cache, in order with the steps that are launched. */
  readonly blockCopier: BlockCopier;
  readonly #context: ForwardContext;
  readonly #slots: readonly StepSlot[];
  readonly #graphs: StepGraphs | undefined;
  /** The longest sequence that the tables can hold. */
  readonly #longest: number;
  /** Rows whose logits the workspace holds at once. */
  readonly #maxSamples: number;

  /** @param useGraphs run padded steps as captured graphs; the backend must have `capture` */
  constructor(
    backend: Backend,
    model: CausalLM,
    sizes: EngineSizes,
    layout: PlanLayout,
    useGraphs: boolean,
    file?: BlockFileSpec,
  ) {
    this.#backend = backend;
    this.#model = model;
    this.#state = new DeviceState(backend, layout, sizes.maxLogprobs);
    this.#workspace = new Workspace(backend, model.workspaceBytes(sizes.maxNumBatchedTokens, sizes.maxNumSeqs));
    this.#kvPool = new KvPool(backend, model.config, model.dtype, sizes.numBlocks, sizes.blockSize);
    this.blockCopier = new BlockCopier(backend, this.#kvPool, sizes.numHostBlocks, file);
    this.#context = { ops: backend.ops, workspace: this.#workspace, batch: this.#state.batch, kvCache: this.#kvPool };
    this.#slots = Array.from({ length: sizes.depth }, () => new StepSlot(backend, layout));
    this.#longest = layout.capacity.maxBlocksPerRow * layout.capacity.blockSize;
    this.#maxSamples = sizes.maxNumSeqs;
    if (useGraphs) this.#graphs = new StepGraphs(backend, () => this.#enqueueStep());
  }

  get numGraphs(): number {
    return this.#graphs?.size ?? 0;
  }

  /** Device memory of the graphs captured so far. */
  get graphBytes(): number {
    return this.#graphs?.byteLength ?? 0;
  }

  /** The slot whose plan step number `step` uses. */
  slot(step: number): StepSlot {
    return this.#slots[step % this.#slots.length]!;
  }

  /** Enqueues the step whose finished plan lies in `slot`. */
  launch(slot: StepSlot): void {
    const { batch } = this.#state;
    const { words } = slot.plan;
    const bucket = words[PlanHeader.bucket]!;
    this.#backend.copy(batch.plan, slot.planTensor, 4 * words[PlanHeader.totalWords]!);
    batch.numRows = words[PlanHeader.numRows]!;
    batch.numTokens = words[PlanHeader.numTokens]!;
    batch.numSamples = words[PlanHeader.numSamples]!;
    batch.maxQueryLen = words[PlanHeader.maxQueryLen]!;
    // The same for every step of a bucket, with a graph and without, so that both compute the same.
    batch.maxSeqLen = bucket > 0 ? this.#longest : words[PlanHeader.maxSeqLen]!;
    const useGraph = bucket > 0 && this.#graphs && !this.onStep;
    const logits = useGraph ? this.#graphs!.run(bucket) : this.#enqueueStep(slot);
    if (batch.numSamples > 0) this.#backend.copy(slot.tokensTensor, this.#state.sampled, 4 * batch.numSamples);
    if (words[PlanHeader.logprobColumns]! > 0 && logits) this.#scoreSamples(slot, logits);
    slot.done.record();
  }

  /**
   * From the uploaded plan to the sampled tokens.
   * @param slot not given while a graph is captured: padded steps have no prompts
   * @returns the logits of the samples, if there are any
   */
  #enqueueStep(slot?: StepSlot): Tensor | null {
    const { ops } = this.#backend;
    const { batch, sampled } = this.#state;
    ops.prepareBatch(batch);
    this.#workspace.reset();
    const hidden = this.#model.forward(this.#context);
    if (slot && slot.plan.words[PlanHeader.numPromptLogprobs]! > 0) this.#scorePrompts(slot, hidden);
    if (batch.numSamples === 0) {
      if (slot) this.onStep?.(slot.plan, null);
      return null;
    }
    const last = this.#workspace.alloc(this.#model.dtype, [batch.numSamples, this.#model.config.hiddenSize]);
    ops.gatherRows(last, hidden, batch.sampleTokens);
    const logits = this.#model.logits(this.#context, last);
    if (slot) this.onStep?.(slot.plan, logits);
    ops.sample(sampled, logits, batch);
    return logits;
  }

  /** Logprobs of the tokens just sampled. */
  #scoreSamples(slot: StepSlot, logits: Tensor): void {
    const { batch, sampled, logprobs } = this.#state;
    const columns = slot.plan.words[PlanHeader.logprobColumns]!;
    const out = logprobs.view(batch.numSamples, columns);
    this.#backend.ops.logprobs(out, logits, sampled);
    slot.sampledLogprobs.begin(batch.numSamples, columns);
    slot.sampledLogprobs.receive(out, 0);
  }

  /** Logprobs of the prompts' tokens that the plan names: as many rows at a time as the workspace has room for. */
  #scorePrompts(slot: StepSlot, hidden: Tensor): void {
    const { ops } = this.#backend;
    const { words } = slot.plan;
    const count = words[PlanHeader.numPromptLogprobs]!;
    const columns = words[PlanHeader.logprobColumns]!;
    slot.promptLogprobs.begin(count, columns);
    const mark = this.#workspace.mark();
    for (let first = 0; first < count; first += this.#maxSamples) {
      const rows = Math.min(this.#maxSamples, count - first);
      const picked = this.#workspace.alloc(this.#model.dtype, [rows, this.#model.config.hiddenSize]);
      ops.gatherRows(picked, hidden, this.#planWords(words[PlanHeader.promptLogprobsOffset]! + first, rows));
      const logits = this.#model.logits(this.#context, picked);
      const out = this.#state.logprobs.view(rows, columns);
      ops.logprobs(out, logits, this.#planWords(words[PlanHeader.promptLogprobsOffset]! + count + first, rows));
      slot.promptLogprobs.receive(out, first);
      this.#workspace.release(mark);
    }
  }

  /** A part of the uploaded plan. */
  #planWords(offset: number, count: number): Tensor {
    const { storage, byteOffset } = this.#state.batch.plan;
    return tensor("int32", [count], storage, byteOffset + 4 * offset);
  }

  /** Waits for a launched step. @returns its sampled tokens, in the plan's sample order, valid until the slot's next launch */
  collect(slot: StepSlot): Int32Array {
    slot.done.wait();
    return slot.tokens;
  }

  dispose(): void {
    this.#graphs?.dispose();
    for (const slot of this.#slots) slot.dispose();
    this.blockCopier.dispose();
    this.#kvPool.dispose();
    this.#workspace.dispose();
    this.#state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
