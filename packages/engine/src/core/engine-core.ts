// The engine's loop body. It sees token ids and numbers only; text stays with the client. One step is four calls:
// schedule, launch, collect, update. With depth 2 the next step is planned and launched before the last one is collected.
import { type Backend, OctavoError, RowInit } from "@octavo/core";
import { KvCacheManager, type KvEventLog } from "@octavo/kv-cache";
import type { CausalLM } from "@octavo/models";
import { Scheduler } from "@octavo/scheduler";
import type { EngineOptions } from "../engine-options.js";
import type { EngineSizes } from "../engine-sizes.js";
import { Command, decodeAdd } from "../protocol/commands.js";
import { OutputBatch } from "../protocol/outputs.js";
import { countStep, writeStats } from "../protocol/stats.js";
import { ModelRunner, type StepObserver } from "../runner/model-runner.js";
import { CacheSalts } from "./cache-salts.js";
import { QueueTimes } from "./queue-times.js";

export class EngineCore implements Disposable {
  readonly outputs: OutputBatch;
  /** What the prefix cache stored and forgot, for whoever listens; undefined while nobody does. */
  kvEvents: KvEventLog | undefined;
  readonly #backend: Backend;
  readonly #model: CausalLM;
  readonly #kvCache: KvCacheManager;
  readonly #cacheSalts = new CacheSalts();
  readonly #scheduler: Scheduler;
  readonly #runner: ModelRunner;
  readonly #depth: number;
  readonly #stats: Float64Array;
  readonly #queueTimes = new QueueTimes();
  #launched = 0;
  #collected = 0;

  /** @param wakeBuffer int32 [1]: raised and notified when `step` has something to do that no command tells of */
  constructor(
    backend: Backend,
    model: CausalLM,
    sizes: EngineSizes,
    options: EngineOptions,
    stats: Float64Array,
    wakeBuffer: SharedArrayBuffer,
  ) {
    this.#backend = backend;
    this.#model = model;
    const { numBlocks, blockSize, maxNumSeqs, maxNumBatchedTokens, maxModelLen, decodeBuckets } = sizes;
    const enablePrefixCaching = options.enablePrefixCaching ?? true;
    const { numHostBlocks, numFileBlocks } = sizes;
    const kvCache = new KvCacheManager({ numBlocks, blockSize, enablePrefixCaching, numHostBlocks, numFileBlocks });
    this.#kvCache = kvCache;
    const { longPrefillTokenThreshold } = options;
    this.#scheduler = new Scheduler(
      { maxNumSeqs, maxNumBatchedTokens, maxModelLen, longPrefillTokenThreshold, decodeBuckets },
      kvCache,
    );
    const useGraphs = decodeBuckets.length > 0 && !options.enforceEager;
    const { kvOffloadingFile: path } = options;
    const file = path !== undefined && numFileBlocks > 0 ? { path, numBlocks: numFileBlocks, wakeBuffer } : undefined;
    this.#runner = new ModelRunner(backend, model, sizes, this.#scheduler.planLayout, useGraphs, file);
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
    else if (words[0] === Command.release) this.#scheduler.release(words[1]!);
    else if (words[0] === Command.resetPrefixCache) this.#resetPrefixCache(words[1] === 1);
    else if (words[0] === Command.kvEvents) this.#listen(words[1] === 1);
    else throw new OctavoError({ code: "INTERNAL", message: `unknown command ${words[0]}` });
    this.#publish();
  }

  /** Whether requests wait for blocks of a file, though `step` has nothing to do. */
  get isLoading(): boolean {
    return this.#runner.blockCopier.busy && this.#scheduler.hasUnfinished();
  }

  /** Runs one step. @returns false when there is nothing to do */
  step(): boolean {
    this.#runner.blockCopier.poll(this.#collected, this.#settle);
    while (this.#launched - this.#collected < this.#depth && this.#launch()) {}
    if (this.#launched === this.#collected) return false;
    const slot = this.#runner.slot(this.#collected++);
    const tokens = this.#runner.collect(slot);
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

  readonly #settle = (block: number, ok: boolean): void => this.#kvCache.settleFileBlock(block, ok);

  #launch(): boolean {
    const slot = this.#runner.slot(this.#launched);
    const rows = this.#scheduler.schedule(slot.plan);
    // Behind every launched step, whose blocks they may read, and before this one, which may overwrite those.
    this.#runner.blockCopier.run(this.#kvCache.copies, this.#launched);
    if (rows === 0) return false;
    countStep(this.#stats, this.#scheduler.stats.stepTokens);
    this.#runner.launch(slot);
    this.#launched++;
    return true;
  }

  #add(words: Int32Array): void {
    const spec = decodeAdd(words);
    const ropeOffset = this.#model.ropeOffset(spec.promptTokens.length);
    spec.rowInit[RowInit.ropeOffset] = ropeOffset;
    // Keys that were rotated differently are different content to the prefix cache.
    this.#scheduler.add({ ...spec, cacheSalt: this.#cacheSalts.of(spec.cacheSalt, ropeOffset) });
    this.#queueTimes.arrived(spec.id);
  }

  #abort(id: number): void {
    this.#scheduler.abort(id);
    this.#queueTimes.forget(id);
  }

  #resetPrefixCache(resetRunningRequests: boolean): void {
    if (resetRunningRequests) this.#scheduler.preemptAll();
    this.#kvCache.resetPrefixCache();
  }

  #listen(on: boolean): void {
    if (on) this.kvEvents = this.#kvCache.recordEvents();
    else this.#kvCache.stopEvents();
    if (!on) this.kvEvents = undefined;
  }

  #publish(): void {
    const { numGraphs, graphBytes, blockCopier } = this.#runner;
    const { offloadedBytes, loadedBytes } = blockCopier;
    const own = [this.#collected, numGraphs, graphBytes, offloadedBytes, loadedBytes];
    writeStats(this.#stats, this.#scheduler.stats, own);
  }

  /** Waits for what is launched, then frees everything. */
  dispose(): void {
    // The device may still use what is about to be freed.
    while (this.#collected < this.#launched) this.#runner.collect(this.#runner.slot(this.#collected++));
    this.#runner.dispose();
    this.#model.dispose();
    this.#backend.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
