// Turns a plan into device work: upload, expand, forward, sample. Enqueues only; `collect` is the one place that waits.
import { type Backend, PlanHeader, type PlanLayout, type StepPlan, type Tensor, Workspace } from "@octavo/core";
import type { CausalLM, ForwardContext } from "@octavo/models";
import type { NamedLogprobs, ProcessedSample } from "@octavo/scheduler";
import type { LogprobsMode } from "../engine-options.js";
import type { EngineSizes } from "../engine-sizes.js";
import { BlockCopier, type BlockFileSpec, type CopiedPools } from "./block-copier.js";
import { batchesOfLayers, DeviceState } from "./device-state.js";
import { HostLogits } from "./host-logits.js";
import { LogprobScorer } from "./logprob-scorer.js";
import { StepGraphs, type StepResult } from "./step-graphs.js";
import { StepSlot } from "./step-slot.js";

/**
 * Sees each launched plan with its logits, float32 [samples, vocab], as the model gave them; null when nothing samples. While there
 * is one, no step runs as a graph.
 */
export type StepObserver = (plan: StepPlan, logits: Tensor | null) => void;

export interface RunnerOptions {
  /** Run padded steps as captured graphs; the backend must have `capture`. */
  readonly useGraphs: boolean;
  readonly logprobsMode: LogprobsMode;
  /** For blocks of the KV cache that host memory must give up. Default: none. */
  readonly file?: BlockFileSpec;
}

/** Samples of most steps that need more than others. */
const NONE: readonly never[] = [];

export class ModelRunner implements Disposable {
  /** For tests and debugging; it must not change the logits. */
  onStep: StepObserver | undefined;
  readonly #backend: Backend;
  readonly #model: CausalLM;
  readonly #state: DeviceState;
  readonly #workspace: Workspace;
  /** Copies blocks of the KV cache, in order with the steps that are launched. */
  readonly blockCopier: BlockCopier;
  readonly #context: ForwardContext;
  readonly #slots: readonly StepSlot[];
  readonly #graphs: StepGraphs | undefined;
  readonly #scorer: LogprobScorer;
  readonly #hostLogits: HostLogits;
  /** The longest sequence that the tables can hold. */
  readonly #longest: number;

  /** @param kvPools stay the caller's */
  constructor(
    backend: Backend,
    model: CausalLM,
    kvPools: CopiedPools,
    sizes: EngineSizes,
    layout: PlanLayout,
    options: RunnerOptions,
  ) {
    this.#backend = backend;
    this.#model = model;
    this.#state = new DeviceState(backend, layout, sizes.maxLogprobs);
    this.#workspace = new Workspace(backend, model.workspaceBytes(sizes.maxNumBatchedTokens, sizes.maxSamples));
    this.blockCopier = new BlockCopier(backend, kvPools, sizes.numHostBlocks, options.file);
    const { batch, groupBatches } = this.#state;
    const layerBatches = batchesOfLayers(sizes.layerGroups, groupBatches);
    this.#context = { ops: backend.ops, workspace: this.#workspace, batch, layerBatches, kvCache: kvPools.target };
    this.#slots = Array.from({ length: sizes.depth }, () => new StepSlot(backend, layout));
    this.#longest = layout.capacity.maxBlocksPerRow * layout.capacity.blockSize;
    this.#scorer = new LogprobScorer(
      backend,
      model,
      this.#context,
      this.#state,
      sizes.maxSamples,
      options.logprobsMode,
    );
    this.#hostLogits = new HostLogits(backend);
    if (options.useGraphs) this.#graphs = new StepGraphs(backend, (adjusts) => this.#enqueueStep(adjusts));
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

  /**
   * Enqueues the step whose finished plan lies in `slot`.
   * @param processed samples whose logits the host changes: the call then waits for these
   * @param named samples that want to see the logprobs of certain tokens
   */
  launch(slot: StepSlot, processed: readonly ProcessedSample[] = NONE, named: readonly NamedLogprobs[] = NONE): void {
    const { batch } = this.#state;
    const { words } = slot.plan;
    const bucket = words[PlanHeader.bucket]!;
    this.#state.upload(this.#backend, slot);
    // The same for every step of a bucket, with a graph and without, so that both compute the same.
    if (bucket > 0) batch.maxSeqLen = this.#longest;
    const adjusts = words[PlanHeader.adjusts] === 1;
    const useGraph = bucket > 0 && this.#graphs && !this.onStep && processed.length === 0;
    const result = useGraph ? this.#graphs!.run(bucket, adjusts) : this.#enqueueStep(adjusts, slot, processed);
    if (batch.numSamples > 0) this.#backend.copy(slot.tokensTensor, this.#state.sampled, 4 * batch.numSamples);
    if (words[PlanHeader.logprobColumns]! > 0 && result) {
      this.#scorer.scoreSamples(slot, result, adjusts || processed.length > 0, named);
    }
    slot.done.record();
  }

  /**
   * From the uploaded plan to the sampled tokens.
   * @param slot not given while a graph is captured: padded steps have no prompts
   * @returns null where nothing samples
   */
  #enqueueStep(adjusts: boolean, slot?: StepSlot, processed: readonly ProcessedSample[] = NONE): StepResult | null {
    const { ops } = this.#backend;
    const { batch, sampled } = this.#state;
    ops.prepareBatch(batch);
    this.#workspace.reset();
    const all = this.#model.forward(this.#context);
    if (slot && slot.plan.words[PlanHeader.numPromptLogprobs]! > 0) this.#scorer.scorePrompts(slot, all);
    if (batch.numSamples === 0) {
      if (slot) this.onStep?.(slot.plan, null);
      return null;
    }
    const hidden = this.#workspace.alloc(this.#model.dtype, [batch.numSamples, this.#model.config.hiddenSize]);
    ops.gatherRows(hidden, all, batch.sampleTokens);
    const mark = this.#workspace.mark();
    const logits = this.#model.logits(this.#context, hidden);
    if (slot) this.onStep?.(slot.plan, logits);
    if (adjusts) ops.adjustLogits(logits, batch);
    if (processed.length > 0) this.#hostLogits.process(logits, processed);
    ops.sample(sampled, logits, batch);
    return { hidden, logits, mark };
  }

  /** Waits for a launched step. @returns its sampled tokens, in the plan's sample order, valid until the slot's next launch */
  collect(slot: StepSlot): Int32Array {
    slot.done.wait();
    return slot.tokens;
  }

  dispose(): void {
    this.#graphs?.dispose();
    this.#hostLogits.dispose();
    for (const slot of this.#slots) slot.dispose();
    this.blockCopier.dispose();
    this.#workspace.dispose();
    this.#state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
