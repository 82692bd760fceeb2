// Turns a plan into device work: upload, expand, forward, sample. Enqueues only; `collect` is the one place that waits.
import { type Backend, PlanHeader, type PlanLayout, type StepPlan, type Tensor, Workspace } from "@octavo/core";
import type { CausalLM, ForwardContext } from "@octavo/models";
import type { EngineSizes } from "../engine-sizes.js";
import { DeviceState } from "./device-state.js";
import { KvPool } from "./kv-pool.js";
import { StepSlot } from "./step-slot.js";

/** Sees each launched plan with its logits, float32 [samples, vocab], before sampling; null when nothing samples. */
export type StepObserver = (plan: StepPlan, logits: Tensor | null) => void;

export class ModelRunner implements Disposable {
  /** For tests and debugging; it must not change the logits. */
  onStep: StepObserver | undefined;
  readonly #backend: Backend;
  readonly #model: CausalLM;
  readonly #state: DeviceState;
  readonly #workspace: Workspace;
  readonly #kvPool: KvPool;
  readonly #context: ForwardContext;
  readonly #slots: readonly StepSlot[];

  constructor(backend: Backend, model: CausalLM, sizes: EngineSizes, layout: PlanLayout) {
    this.#backend = backend;
    this.#model = model;
    this.#state = new DeviceState(backend, layout);
    this.#workspace = new Workspace(backend, model.workspaceBytes(sizes.maxNumBatchedTokens, sizes.maxNumSeqs));
    this.#kvPool = new KvPool(backend, model.config, model.dtype, sizes.numBlocks, sizes.blockSize);
    this.#context = { ops: backend.ops, workspace: this.#workspace, batch: this.#state.batch, kvCache: this.#kvPool };
    this.#slots = Array.from({ length: sizes.depth }, () => new StepSlot(backend, layout));
  }

  /** The slot whose plan step number `step` uses. */
  slot(step: number): StepSlot {
    return this.#slots[step % this.#slots.length]!;
  }

  /** Enqueues the step whose finished plan lies in `slot`. */
  launch(slot: StepSlot): void {
    const { ops } = this.#backend;
    const { batch } = this.#state;
    const { words } = slot.plan;
    this.#backend.copy(batch.plan, slot.planTensor, 4 * words[PlanHeader.totalWords]!);
    batch.numRows = words[PlanHeader.numRows]!;
    batch.numTokens = words[PlanHeader.numTokens]!;
    batch.numSamples = words[PlanHeader.numSamples]!;
    batch.maxQueryLen = words[PlanHeader.maxQueryLen]!;
    batch.maxSeqLen = words[PlanHeader.maxSeqLen]!;
    ops.prepareBatch(batch);
    this.#workspace.reset();
    const hidden = this.#model.forward(this.#context);
    if (batch.numSamples > 0) {
      const last = this.#workspace.alloc(this.#model.dtype, [batch.numSamples, this.#model.config.hiddenSize]);
      ops.gatherRows(last, hidden, batch.sampleTokens);
      const logits = this.#model.logits(this.#context, last);
      this.onStep?.(slot.plan, logits);
      ops.sample(this.#state.sampled, logits, batch);
      this.#backend.copy(slot.tokensTensor, this.#state.sampled, 4 * batch.numSamples);
    } else {
      this.onStep?.(slot.plan, null);
    }
    slot.done.record();
  }

  /** Waits for a launched step. @returns its sampled tokens, in the plan's sample order, valid until the slot's next launch */
  collect(slot: StepSlot): Int32Array {
    slot.done.wait();
    return slot.tokens;
  }

  dispose(): void {
    for (const slot of this.#slots) slot.dispose();
    this.#kvPool.dispose();
    this.#workspace.dispose();
    this.#state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
