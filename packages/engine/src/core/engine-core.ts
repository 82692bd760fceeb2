// The engine's loop body. It sees token ids and numbers only; text stays with the client. One step is four calls:
// schedule, launch, collect, update. With depth 2 the next step is planned and launched before the last one is collected.
import { type Backend, OctavoError, RowInit } from "@octavo/core";
import { KvCacheManager, type KvEventLog } from "@octavo/kv-cache";
import { type CausalLM, oneGroup } from "@octavo/models";
import { type OutputSink, type RequestSpec, Scheduler } from "@octavo/scheduler";
import type { ResetPrefixCacheOptions } from "../engine.js";
import { type EngineOptions, resolveLogprobsMode } from "../engine-options.js";
import type { EngineSizes } from "../engine-sizes.js";
import { beginRequest } from "../processors/begin-request.js";
import type { LogitsProcessor } from "../processors/logits-processor.js";
import { Command, decodeAdd, decodeExtraArgs } from "../protocol/commands.js";
import { OutputBatch } from "../protocol/outputs.js";
import { countStep, writeAcceptedPerPos, writeStats } from "../protocol/stats.js";
import type { DraftModel } from "../runner/draft-runner.js";
import { KvPool } from "../runner/kv-pool.js";
import { ModelRunner, type StepObserver } from "../runner/model-runner.js";
import { createSpeculator } from "../speculation/create-speculator.js";
import type { Speculator } from "../speculation/speculator.js";
import { CacheSalts } from "./cache-salts.js";
import { type ControlCall, ControlCalls, type ControlReply } from "./control-calls.js";
import type { Core } from "./core.js";
import { PreemptionAdvice } from "./preemption-advice.js";
import { QueueTimes } from "./queue-times.js";
import { type StepTimeObserver, StepTimer } from "./step-timer.js";
import type { UserModules } from "./user-modules.js";
import { WorkerMethods } from "./worker-methods.js";

export class EngineCore implements Core {
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
  readonly #slidingWindows: readonly number[];
  readonly #stats: Float64Array;
  /** What the core itself adds to them; used again by every step. */
  readonly #ownStats = new Float64Array(5);
  readonly #kvPool: KvPool;
  readonly #draft: DraftModel | undefined;
  /** Keys and values of a draft model of its own, in the same blocks. */
  readonly #draftPool: KvPool | undefined;
  readonly #speculator: Speculator | undefined;
  readonly #queueTimes: QueueTimes;
  readonly #preemptions: PreemptionAdvice;
  readonly #calls: ControlCalls;
  readonly #now: () => number;
  readonly #processors: readonly LogitsProcessor[];
  #timer: StepTimer | undefined;
  #launched = 0;
  #collected = 0;

  /**
   * @param modules what was loaded of the user's own
   * @param draft the model that drafts, if one does; the core owns it, as it owns backend and model
   * @param wakeBuffer int32 [1]: raised and notified when `step` has something to do that no command tells of
   * @param now the clock of everything here, ms
   */
  constructor(
    backend: Backend,
    model: CausalLM,
    sizes: EngineSizes,
    options: EngineOptions,
    stats: Float64Array,
    { processors = [], Extension }: UserModules = {},
    wakeBuffer = new SharedArrayBuffer(4),
    draft?: DraftModel,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#queueTimes = new QueueTimes(now);
    this.#preemptions = new PreemptionAdvice(now, backend.info.dedicated !== undefined);
    this.#backend = backend;
    this.#model = model;
    this.#processors = processors;
    const { numBlocks, blockSize, maxNumSeqs, maxNumBatchedTokens, maxModelLen, decodeBuckets } = sizes;
    const { vocabSize } = model.config;
    const enablePrefixCaching = options.enablePrefixCaching ?? true;
    const { numHostBlocks, numFileBlocks } = sizes;
    const { slidingWindows } = sizes.layerGroups;
    this.#slidingWindows = slidingWindows;
    const shape = { numBlocks, blockSize, slidingWindows, maxNumBatchedTokens };
    const kvCache = new KvCacheManager({ ...shape, enablePrefixCaching, numHostBlocks, numFileBlocks });
    this.#kvCache = kvCache;
    this.#kvPool = new KvPool(backend, model.config, model.dtype, numBlocks, blockSize, sizes.layerGroups);
    this.#draft = draft;
    this.#draftPool = this.#poolOf(draft, sizes);
    const drafter = draft && { ...draft, kvCache: this.#draftPool ?? this.#kvPool };
    this.#speculator = createSpeculator(options, backend, sizes, drafter);
    const { schedulingPolicy, longPrefillTokenThreshold, maxInterTokenLatencyMs } = options;
    const { maxNumPartialPrefills, maxLongPartialPrefills, enableChunkedPrefill } = options;
    const limits = { maxNumSeqs, maxNumBatchedTokens, maxModelLen, maxNumPartialPrefills, maxLongPartialPrefills };
    const policy = { schedulingPolicy, longPrefillTokenThreshold, maxInterTokenLatencyMs, enableChunkedPrefill };
    this.#scheduler = new Scheduler({ ...limits, ...policy, decodeBuckets, vocabSize, now }, kvCache, this.#speculator);
    const useGraphs = decodeBuckets.length > 0 && !options.enforceEager;
    const { kvOffloadingFile: path } = options;
    const file = path !== undefined && numFileBlocks > 0 ? { path, numBlocks: numFileBlocks, wakeBuffer } : undefined;
    const runnerOptions = { useGraphs, logprobsMode: resolveLogprobsMode(options), ...(file && { file }) };
    const pools = { target: this.#kvPool, draft: this.#draftPool };
    this.#runner = new ModelRunner(backend, model, pools, sizes, this.#scheduler.planLayout, runnerOptions);
    if (this.#speculator) this.#speculator.onPropose = () => this.#copyBlocks();
    this.#depth = sizes.depth;
    this.#scheduler.onFirstAdmit = (id) => this.#queueTimes.admitted(id);
    this.outputs = new OutputBatch(maxNumSeqs, (id) => this.#queueTimes.take(id));
    this.#stats = stats;
    const worker = {
      rank: 0,
      worldSize: 1,
      backend,
      model,
      getStats: () => ({ ...this.#scheduler.snapshot(), steps: this.#collected }),
      resetPrefixCache: (options?: ResetPrefixCacheOptions) => this.#resetPrefixCache(options),
      checkInvariants: () => this.checkInvariants(),
    };
    this.#calls = new ControlCalls(this.#scheduler, new WorkerMethods(worker, Extension));
    this.#publish();
  }

  /** Shows every launched plan and its logits to `observer`, for tests and debugging. */
  observeSteps(observer: StepObserver): void {
    this.#runner.onStep = observer;
  }

  /**
   * Tells `observer` what each step computes and how long it takes; graphs stay on. The numbers are those of a simulator's cost.
   * @param now milliseconds. Default: `performance.now`
   */
  timeSteps(observer: StepTimeObserver, now?: () => number): void {
    this.#timer = new StepTimer(observer, this.#slidingWindows, now);
  }

  /**
   * Applies one command of protocol/commands.ts.
   * @throws for a request that the scheduler refuses, which the client should have seen before; the core goes on
   */
  handle(words: Int32Array): void {
    if (words[0] === Command.add) this.#add(words);
    else if (words[0] === Command.abort) this.#abort(words[1]!);
    else if (words[0] === Command.release) this.#scheduler.release(words[1]!);
    else if (words[0] === Command.kvEvents) this.#listen(words[1] === 1);
    else throw new OctavoError({ code: "INTERNAL", message: `unknown command ${words[0]}` });
    // An abort or a release may be what a pause waits for.
    this.#calls.settle();
    this.#publish();
  }

  /** Answers a call, at once or, for a pause, when it has come to rest. */
  call(call: ControlCall, reply: (reply: ControlReply) => void): void {
    this.#calls.run(call, reply);
    this.#publish();
  }

  /** After a step that did nothing: ms until there will be something to do without a command; infinite when that never happens. */
  get idleMs(): number {
    return Math.max(0, this.#scheduler.nextDeadline - this.#now());
  }

  /** Whether requests wait for blocks of a file, though `step` has nothing to do. */
  get isLoading(): boolean {
    return this.#runner.blockCopier.busy && this.#scheduler.hasUnfinished();
  }

  /** Runs one step. @returns false when there is nothing to do */
  step(): boolean {
    if (this.#scheduler.expire(this.#expired) > 0) {
      this.#calls.settle();
      this.#publish();
    }
    this.#runner.blockCopier.poll(this.#collected, this.#settle);
    while (this.#launched - this.#collected < this.#depth && this.#launch()) {}
    if (this.#launched === this.#collected) return false;
    const slot = this.#runner.slot(this.#collected++);
    const tokens = this.#runner.collect(slot);
    this.#speculator?.collected(slot.plan);
    this.outputs.sampledLogprobs = slot.sampledLogprobs;
    this.outputs.promptLogprobs = slot.promptLogprobs;
    this.outputs.namedLogprobs = slot.namedLogprobs;
    this.#scheduler.update(tokens, this.outputs);
    this.#calls.settle();
    const { numPreemptions, numOutranked } = this.#scheduler.stats;
    this.#preemptions.observe(numPreemptions - numOutranked);
    this.#publish();
    this.#timer?.end();
    return true;
  }

  /** Takes the requests whose time is up. */
  readonly #expired: OutputSink = {
    onToken: (id, ...record) => {
      this.outputs.onToken(id, ...record);
      this.#queueTimes.forget(id);
    },
  };

  /** Checks every bookkeeping invariant of scheduler and KV cache; for tests. @throws INTERNAL with the numbers */
  checkInvariants(): void {
    this.#scheduler.checkInvariants();
  }

  #poolOf(draft: DraftModel | undefined, { numBlocks, blockSize }: EngineSizes): KvPool | undefined {
    if (!draft || draft.numLayers !== undefined) return undefined;
    const { config, dtype } = draft.model;
    return new KvPool(this.#backend, config, dtype, numBlocks, blockSize, oneGroup(config));
  }

  readonly #settle = (block: number, ok: boolean): void => this.#kvCache.settleFileBlock(block, ok);

  /** Behind every launched step, whose blocks they may read, and before the next one and its drafts, which may overwrite those. */
  #copyBlocks(): void {
    this.#runner.blockCopier.run(this.#kvCache.copies, this.#launched);
  }

  #launch(): boolean {
    const slot = this.#runner.slot(this.#launched);
    this.#timer?.plan();
    const rows = this.#scheduler.schedule(slot.plan);
    this.#copyBlocks();
    if (rows === 0) return false;
    countStep(this.#stats, this.#scheduler.stats.stepTokens);
    this.#speculator?.launching(this.#scheduler.stats.stepTokens);
    this.#runner.launch(slot, this.#scheduler.processed, this.#scheduler.namedLogprobs);
    this.#timer?.launch(slot.plan);
    this.#launched++;
    return true;
  }

  #add(words: Int32Array): void {
    const spec = decodeAdd(words, this.#now());
    const ropeOffset = this.#model.ropeOffset(spec.promptTokens.length);
    spec.rowInit[RowInit.ropeOffset] = ropeOffset;
    // Keys that were rotated differently are different content to the prefix cache.
    const cacheSalt = this.#cacheSalts.of(spec.cacheSalt, ropeOffset);
    this.#scheduler.add({ ...spec, cacheSalt, ...this.#beginProcessors(words, spec.promptTokens) });
    this.#queueTimes.arrived(spec.id);
  }

  #beginProcessors(words: Int32Array, promptTokens: Int32Array): Pick<RequestSpec, "processLogits"> {
    if (this.#processors.length === 0) return {};
    const processLogits = beginRequest(this.#processors, {
      promptTokenIds: promptTokens.slice(),
      extraArgs: decodeExtraArgs(words) ?? {},
      vocabSize: this.#model.config.vocabSize,
    });
    return processLogits ? { processLogits } : {};
  }

  #abort(id: number): void {
    this.#scheduler.abort(id);
    this.#queueTimes.forget(id);
  }

  #resetPrefixCache({ resetRunningRequests = false }: ResetPrefixCacheOptions = {}): boolean {
    if (resetRunningRequests) this.#scheduler.preemptAll();
    this.#kvCache.resetPrefixCache();
    return true;
  }

  #listen(on: boolean): void {
    if (on) this.kvEvents = this.#kvCache.recordEvents();
    else this.#kvCache.stopEvents();
    if (!on) this.kvEvents = undefined;
  }

  #publish(): void {
    const { numGraphs, graphBytes, blockCopier } = this.#runner;
    const { offloadedBytes, loadedBytes } = blockCopier;
    const own = this.#ownStats;
    own[0] = this.#collected;
    own[1] = numGraphs;
    own[2] = graphBytes;
    own[3] = offloadedBytes;
    own[4] = loadedBytes;
    writeStats(this.#stats, this.#scheduler.stats, own);
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
