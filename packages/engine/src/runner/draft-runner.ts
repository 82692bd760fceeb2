// Runs the steps of a model that drafts: a few small plans, enqueued one after the other and waited for once.
import { type Backend, type DeviceEvent, type PlanLayout, planLayout, type StepPlan, Workspace } from "@octavo/core";
import { type CausalLM, type ForwardContext, type KvCacheTensors, type LayerGroups, oneGroup } from "@octavo/models";
import { groupThatKeepsAll } from "../kv-groups.js";
import { batchesOfLayers, DeviceState, deviceStateBytes } from "./device-state.js";
import { StepSlot } from "./step-slot.js";

/** Tokens of a context that the model computes at once; its workspace is beside the target's. */
const MAX_CONTEXT_TOKENS = 2048;

/** Which model drafts. */
export interface DraftModel {
  readonly model: CausalLM;
  /** The target's own first layers; the model is the target then, and so are the keys and values. Not given: a model of its own. */
  readonly numLayers: number | undefined;
}

/** What of an engine's sizes matters here. */
interface Sizes {
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly maxModelLen: number;
  readonly blockSize: number;
  /** Of the target, whose blocks these are. */
  readonly layerGroups: LayerGroups;
}

/** Bytes of workspace and tables that a {@link DraftRunner} takes. */
export function draftRunnerBytes({ model, numLayers }: DraftModel, sizes: Sizes) {
  const layout = draftLayout(sizes, tablesOf(numLayers, sizes.layerGroups).length, numLayers !== undefined);
  return {
    workspaceBytes: model.workspaceBytes(layout.capacity.maxTokens, layout.capacity.maxSamples),
    tableBytes: deviceStateBytes(layout, 0),
  };
}

function draftLayout(
  { maxNumSeqs, maxNumBatchedTokens, blockSize, maxModelLen }: Sizes,
  numGroups: number,
  sharesKeys: boolean,
): PlanLayout {
  const context = sharesKeys ? 0 : Math.min(maxNumBatchedTokens, MAX_CONTEXT_TOKENS);
  const maxBlocksPerRow = Math.ceil(maxModelLen / blockSize);
  const maxTokens = Math.max(maxNumSeqs, context);
  return planLayout({ maxRows: maxNumSeqs, maxTokens, maxBlocksPerRow, blockSize, numGroups });
}

/** For each group of the drafting layers, the target's group whose block table it uses: its own, or all layers one that keeps all. */
function tablesOf(numLayers: number | undefined, layerGroups: LayerGroups): readonly number[] {
  return numLayers === undefined
    ? [groupThatKeepsAll(layerGroups)]
    : layerGroups.slidingWindows.map((_, group) => group);
}

export class DraftRunner implements Disposable {
  /** Whether the target computes the keys and values of all known tokens but the last. */
  readonly sharesKeys: boolean;
  /** For each of its block tables, the target's group that has it. */
  readonly tables: readonly number[];
  readonly #backend: Backend;
  readonly #model: CausalLM;
  readonly #state: DeviceState;
  readonly #workspace: Workspace;
  readonly #context: ForwardContext;
  /** One for each draft: a plan may not change before the device has read it. */
  readonly #slots: readonly StepSlot[];
  readonly #done: DeviceEvent;
  #launched = 0;
  #waited = false;

  /** @param kvCache the target's where its own layers draft, else of the draft model; @param most drafts at once */
  constructor(backend: Backend, draft: DraftModel, kvCache: KvCacheTensors, sizes: Sizes, most: number) {
    const { model, numLayers } = draft;
    this.sharesKeys = numLayers !== undefined;
    this.#backend = backend;
    this.#model = model;
    this.tables = tablesOf(numLayers, sizes.layerGroups);
    const layout = draftLayout(sizes, this.tables.length, this.sharesKeys);
    this.#state = new DeviceState(backend, layout, 0);
    this.#workspace = new Workspace(backend, draftRunnerBytes(draft, sizes).workspaceBytes);
    const { batch, groupBatches } = this.#state;
    const layerBatches = batchesOfLayers(this.sharesKeys ? sizes.layerGroups : oneGroup(model.config), groupBatches);
    this.#context = { ops: backend.ops, workspace: this.#workspace, batch, layerBatches, kvCache, numLayers };
    this.#slots = Array.from({ length: most }, () => new StepSlot(backend, layout));
    this.#done = backend.createEvent();
  }

  /** Steps since the last {@link wait}. */
  get numLaunched(): number {
    return this.#launched;
  }

  /** The plan of the next step. */
  get plan(): StepPlan {
    return this.#slots[this.#launched % this.#slots.length]!.plan;
  }

  /** Empties the next step's plan. */
  begin(): StepPlan {
    if (this.#waited) this.#launched = 0;
    this.#waited = false;
    this.plan.begin(this.#launched);
    return this.plan;
  }

  /** Enqueues the step whose plan was written. */
  launch(): void {
    const slot = this.#slots[this.#launched]!;
    const { plan, tokensTensor } = slot;
    const { batch, sampled } = this.#state;
    const { ops } = this.#backend;
    plan.finish();
    this.#state.upload(this.#backend, slot);
    ops.prepareBatch(batch);
    this.#workspace.reset();
    const hidden = this.#model.forward(this.#context);
    if (batch.numSamples > 0) {
      const last = this.#workspace.alloc(this.#model.dtype, [batch.numSamples, this.#model.config.hiddenSize]);
      ops.gatherRows(last, hidden, batch.sampleTokens);
      ops.sample(sampled, this.#model.logits(this.#context, last), batch);
      this.#backend.copy(tokensTensor, sampled, 4 * batch.numSamples);
    }
    this.#launched++;
  }

  /** Until the tokens of all launched steps are there; the next step is the first again. */
  wait(): void {
    this.#done.record();
    this.#done.wait();
    this.#waited = true;
  }

  /** What the step at this index sampled, valid until the next one is launched. */
  tokens(step: number): Int32Array {
    return this.#slots[step]!.tokens;
  }

  /** See {@link CausalLM.ropeOffset}. */
  ropeOffset(promptLength: number): number {
    return this.#model.ropeOffset(promptLength);
  }

  dispose(): void {
    this.#done.dispose();
    for (const slot of this.#slots) slot.dispose();
    this.#workspace.dispose();
    this.#state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
