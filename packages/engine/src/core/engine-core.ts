// The engine's loop body. It sees token ids and numbers only; text stays with the client. One step is four calls:
// schedule, launch, collect, update. With depth 2 the next step is planned and launched before the last one is collected.
import { type Backend, OctavoError, RowInit } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import type { CausalLM } from "@octavo/models";
import { Scheduler } from "@octavo/scheduler";
import type { EngineOptions } from "../engine-options.js";
import type { EngineSizes } from "../engine-sizes.js";
import { Command, decodeAdd } from "../protocol/commands.js";
import { OutputBatch } from "../protocol/outputs.js";
import { countStep, writeAcceptedPerPos, writeStats } from "../protocol/stats.js";
import type { DraftModel } from "../runner/draft-runner.js";
import { KvPool } from "../runner/kv-pool.js";
import { ModelRunner, type StepObserver } from "../runner/model-runner.js";
import { createSpeculator } from "../speculation/create-speculator.js";
import type { Speculator } from "../speculation/speculator.js";
import { QueueTimes } from "./queue-times.js";

export class EngineCore implements Disposable {
  readonly outputs: OutputBatch;
  readonly #backend: Backend;
  readonly #model: CausalLM;
  readonly #scheduler: Scheduler;
  readonly #runner: ModelRunner;
  readonly #depth: number;
  readonly #stats: Float64Array;
  readonly #kvPool: KvPool;
  readonly #draft: DraftModel | undefined;
  /** Keys and values of a draft model of its own, in the same blocks. */
  readonly #draftPool: KvPool | undefined;
  readonly #speculator: Speculator | undefined;
  readonly #queueTimes = new QueueTimes();
  #launched = 0;
  #collected = 0;

  /** @param draft the model that drafts, if one does; the core owns it, as it owns backend and model */
  constructor(
    backend: Backend,
    model: CausalLM,
    sizes: EngineSizes,
    options: EngineOptions,
    stats: Float64Array,
    draft?: DraftModel,
  ) {
    this.#backend = backend;
    this.#model = model;
    const { numBlocks, blockSize, maxNumSeqs, maxNumBatchedTokens, maxModelLen, decodeBuckets } = sizes;
    const enablePrefixCaching = options.enablePrefixCaching ?? true;
    const kvCache = new KvCacheManager({ numBlocks, blockSize, enablePrefixCaching });
    const { longPrefillTokenThreshold } = options;
    this.#kvPool = new KvPool(backend, model.config, model.dtype, numBlocks, blockSize);
    this.#draft = draft;
    this.#draftPool = this.#poolOf(draft, sizes);
    const drafter = draft && { ...draft, kvCache: this.#draftPool ?? this.#kvPool };
    this.#speculator = createSpeculator(options, backend, sizes, drafter);
    this.#scheduler = new Scheduler(
      { maxNumSeqs, maxNumBatchedTokens, maxModelLen, longPrefillTokenThreshold, decodeBuckets },
      kvCache,
      this.#speculator,
    );
    const useGraphs = decodeBuckets.length > 0 && !options.enforceEager;
    this.#runner = new ModelRunner(backend, model, this.#kvPool, sizes, this.#scheduler.planLayout, useGraphs);
    this.#depth = sizes.depth;
    this.#scheduler.onFirstAdmit = (id) => this.#queueTimes.admitted(id);
    this.outputs = new OutputBatch(maxNumSeqs, (id) => this.#queueTimes.take(id));
    this.#stats = stats;
    this.#publish();
  }

  /** Shows every launched plan and its logits to `observer`, for tests and debugging. */
  observeSteps(observer: StepObserver): void {
    this.#runner.onStep = observer;
  }

  /**
   * Applies one command of protocol/commands.ts.
   * @throws for a request that the scheduler refuses, which the client should have seen before; the core goes on
   */
  handle(words: Int32Array): void {
    if (words[0] === Command.add) this.#add(words);
    else if (words[0] === Command.abort) this.#abort(words[1]!);
    else throw new OctavoError({ code: "INTERNAL", message: `unknown command ${words[0]}` });
    this.#publish();
  }

  /** Runs one step. @returns false when there is nothing to do */
  step(): boolean {
    while (this.#launched - this.#collected < this.#depth && this.#launch()) {}
    if (this.#launched === this.#collected) return false;
    const slot = this.#runner.slot(this.#collected++);
    const tokens = this.#runner.collect(slot);
    this.#speculator?.collected(slot.plan);
    this.outputs.sampledLogprobs = slot.sampledLogprobs;
    this.outputs.promptLogprobs = slot.promptLogprobs;
    this.#scheduler.update(tokens, this.outputs);
    this.#publish();
    return true;
  }

  /** Checks every bookkeeping invariant of scheduler and KV cache; for tests. @throws INTERNAL with the numbers */
  checkInvariants(): void {
    this.#scheduler.checkInvariants();
  }

  #poolOf(draft: DraftModel | undefined, { numBlocks, blockSize }: EngineSizes): KvPool | undefined {
    if (!draft || draft.numLayers !== undefined) return undefined;
    return new KvPool(this.#backend, draft.model.config, draft.model.dtype, numBlocks, blockSize);
  }

  #launch(): boolean {
    const slot = this.#runner.slot(this.#launched);
    if (this.#scheduler.schedule(slot.plan) === 0) return false;
    countStep(this.#stats, this.#scheduler.stats.stepTokens);
    this.#speculator?.launching(this.#scheduler.stats.stepTokens);
    this.#runner.launch(slot);
    this.#launched++;
    return true;
  }

  #add(words: Int32Array): void {
    const spec = decodeAdd(words);
    const ropeOffset = this.#model.ropeOffset(spec.promptTokens.length);
    spec.rowInit[RowInit.ropeOffset] = ropeOffset;
    // Keys that were rotated differently are different content to the prefix cache.
    this.#scheduler.add({ ...spec, cacheSalt: ropeOffset });
    this.#queueTimes.arrived(spec.id);
  }

  #abort(id: number): void {
    this.#scheduler.abort(id);
    this.#queueTimes.forget(id);
  }

  #publish(): void {
    const { numGraphs, graphBytes } = this.#runner;
    writeStats(this.#stats, this.#scheduler.stats, this.#collected, numGraphs, graphBytes);
    if (this.#speculator) writeAcceptedPerPos(this.#stats, this.#speculator.acceptedPerPos);
  }

  /** Waits for what is launched, then frees everything. */
  dispose(): void {
    // The device may still use what is about to be freed.
    while (this.#collected < this.#launched) this.#runner.collect(this.#runner.slot(this.#collected++));
    this.#speculator?.dispose();
    this.#runner.dispose();
    this.#draftPool?.dispose();
    this.#kvPool.dispose();
    if (this.#draftPool) this.#draft?.model.dispose();
    this.#model.dispose();
    this.#backend.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
