// One engine in virtual time: the real scheduler and KV cache, and a device that takes as long as the cost says.
import { OctavoError, ROW_INIT_WORDS, StepPlan } from "@octavo/core";
import { KvCacheManager, type KvCacheOptions } from "@octavo/kv-cache";
import { FinishReason } from "../finish-reason.js";
import { MAX_IN_FLIGHT } from "../in-flight-steps.js";
import type { OutputSink } from "../output-sink.js";
import type { RequestSpec } from "../request-spec.js";
import { Scheduler } from "../scheduler.js";
import type { SchedulerConfig } from "../scheduler-config.js";
import { countWork, type StepWork } from "../step-work.js";
import { type StepCost, stepSeconds } from "./cost/step-cost.js";
import { RequestTimes, type RunMetrics } from "./metrics/run-metrics.js";
import type { TracedRequest } from "./trace/traced-request.js";

export interface ReplicaOptions {
  readonly scheduler: SchedulerConfig;
  /** Without other tiers: nothing here copies blocks, or takes time to. */
  readonly kvCache: Omit<KvCacheOptions, "numHostBlocks" | "numFileBlocks">;
  readonly cost: StepCost;
  /** Plan the next step while the device runs one. */
  readonly asyncScheduling: boolean;
  /** Seconds after which a request that is not done is ended. Default: it takes as long as it takes. */
  readonly timeout?: number | undefined;
}

const ROW_INIT = new Int32Array(ROW_INIT_WORDS);
const NO_STOP_TOKENS = new Int32Array(0);

/** It mirrors the engine's loop: launch steps up to the depth, wait for the oldest, take its tokens. */
export class Replica {
  readonly index: number;
  /** Tokens of the longest sequence that its KV cache holds. */
  readonly longestSequence: number;
  /** Steps that were run, and the seconds in which the device ran one. */
  steps = 0;
  busySeconds = 0;
  readonly #scheduler: Scheduler;
  readonly #plan: StepPlan;
  readonly #cost: StepCost;
  readonly #metrics: RunMetrics;
  readonly #depth: number;
  readonly #maxModelLen: number;
  readonly #timeout: number;
  readonly #slidingWindows: readonly number[] | undefined;
  readonly #requests = new Map<number, RequestTimes>();
  /** Ends and samples of launched steps, oldest first; -1 where there is none. */
  readonly #ends = new Float64Array(MAX_IN_FLIGHT).fill(-1);
  readonly #samples = new Int32Array(MAX_IN_FLIGHT);
  readonly #work: StepWork = { tokens: 0, rows: 0, context: 0, pairs: 0 };
  readonly #sampled: Int32Array;
  readonly #sink: OutputSink;
  #inFlight = 0;
  #now = 0;
  #deviceFree = 0;
  #nextToken = 0;
  #counted = 0;
  #lastPreemptions = 0;
  #lastQueries = 0;
  #lastHits = 0;

  /** @throws INVALID_ARGUMENT when a limit cannot work */
  constructor(index: number, options: ReplicaOptions, metrics: RunMetrics) {
    this.index = index;
    this.#cost = options.cost;
    this.#metrics = metrics;
    this.#depth = options.asyncScheduling ? MAX_IN_FLIGHT : 1;
    this.#maxModelLen = options.scheduler.maxModelLen;
    this.#timeout = options.timeout ?? Number.POSITIVE_INFINITY;
    this.#slidingWindows = options.kvCache.slidingWindows;
    // Policies that look at a clock, in ms, see virtual time.
    const config = { ...options.scheduler, now: () => 1000 * this.#now };
    const { maxNumBatchedTokens } = options.scheduler;
    const kvCache = new KvCacheManager({ maxNumBatchedTokens, ...options.kvCache });
    this.longestSequence = kvCache.longestSequence;
    this.#scheduler = new Scheduler(config, kvCache);
    this.#plan = new StepPlan(this.#scheduler.planLayout);
    this.#sampled = new Int32Array(this.#scheduler.planLayout.capacity.maxSamples);
    this.#scheduler.onFirstAdmit = (id) => metrics.queueTime.add(this.#now - this.#requests.get(id)!.arrival);
    this.#sink = { onToken: (id, _token, finish, cachedTokens) => this.#onToken(id, finish, cachedTokens) };
  }

  /** Requests that run or wait. */
  get unfinished(): number {
    return this.#requests.size;
  }

  get kvBlocksTotal(): number {
    return this.#scheduler.stats.kvBlocksTotal;
  }

  get numPreemptions(): number {
    return this.#scheduler.stats.numPreemptions;
  }

  get prefixCacheQueries(): number {
    return this.#scheduler.stats.prefixCacheQueries;
  }

  get prefixCacheHits(): number {
    return this.#scheduler.stats.prefixCacheHits;
  }

  /** When its oldest launched step ends; Infinity while it is idle. */
  get nextEvent(): number {
    return this.#inFlight > 0 ? this.#ends[0]! : Number.POSITIVE_INFINITY;
  }

  /**
   * Takes a request that arrives now. Call `launch` when all of this instant are here.
   * @param tenant a number that stands for the request's tenant
   * @returns false when the scheduler refuses it
   */
  add(index: number, request: TracedRequest, promptTokens: Int32Array, tenant: number): boolean {
    const { arrival, outputTokens, priority } = request;
    this.#count(arrival);
    const spec = {
      id: index,
      promptTokens,
      maxTokens: outputTokens,
      stopTokenIds: NO_STOP_TOKENS,
      rowInit: ROW_INIT,
      ...(priority !== undefined && { priority }),
      ...(this.#timeout < Number.POSITIVE_INFINITY && { deadline: 1000 * (arrival + this.#timeout) }),
      tenant,
    } satisfies RequestSpec;
    try {
      this.#scheduler.add(spec);
    } catch (error) {
      this.#metrics.refuse(this.#reasonOf(error, promptTokens.length), (error as OctavoError).message, arrival);
      return false;
    }
    this.#requests.set(index, new RequestTimes(request));
    return true;
  }

  /** In a few words, the same for all requests that are refused alike. @throws what is a fault of the simulation */
  #reasonOf(error: unknown, promptTokens: number): string {
    if (OctavoError.isInstance(error, "QUEUE_FULL")) return "queue full";
    if (!OctavoError.isInstance(error, "INVALID_ARGUMENT")) throw error;
    return promptTokens >= this.#maxModelLen ? "prompt longer than max_model_len" : "prompt larger than the KV cache";
  }

  /** Launches what can be launched at `now`. */
  launch(now: number): void {
    this.#count(now);
    this.#scheduler.expire(this.#sink);
    while (this.#inFlight < this.#depth && this.#scheduler.schedule(this.#plan) > 0) {
      const seconds = stepSeconds(this.#cost, countWork(this.#plan, this.#work, this.#slidingWindows));
      this.#deviceFree = Math.max(now, this.#deviceFree) + seconds;
      this.#ends[this.#inFlight] = this.#deviceFree;
      this.#samples[this.#inFlight++] = this.#plan.numSamples;
      this.busySeconds += seconds;
      this.steps++;
    }
  }

  /** Ends the oldest launched step: its tokens come, and `launch` must follow. */
  collect(): void {
    this.#count(this.#ends[0]!);
    const samples = this.#samples[0]!;
    for (let i = 1; i < this.#inFlight; i++) {
      this.#ends[i - 1] = this.#ends[i]!;
      this.#samples[i - 1] = this.#samples[i]!;
    }
    this.#inFlight--;
    // No token comes twice, so that no output is found in the prefix cache by accident.
    for (let i = 0; i < samples; i++) this.#sampled[i] = this.#nextToken++ & 0x7fffffff;
    const { outputTokens } = this.#metrics;
    this.#scheduler.update(this.#sampled, this.#sink);
    this.#metrics.timeline.add("outputTokens", this.#now, this.#metrics.outputTokens - outputTokens);
  }

  /** @throws INTERNAL when the scheduler's or the cache's books do not add up */
  checkInvariants(): void {
    this.#scheduler.checkInvariants();
  }

  /** Counts what lasted until `now`, and what the scheduler did at its last call. */
  #count(now: number): void {
    const { timeline } = this.#metrics;
    const { numRunning, numWaiting, kvBlocksUsed } = this.#scheduler.stats;
    timeline.addSpan("runningSeconds", this.#counted, now, numRunning);
    timeline.addSpan("waitingSeconds", this.#counted, now, numWaiting);
    timeline.addSpan("kvBlockSeconds", this.#counted, now, kvBlocksUsed);
    const { numPreemptions, prefixCacheQueries, prefixCacheHits } = this.#scheduler.stats;
    timeline.add("preemptions", this.#counted, numPreemptions - this.#lastPreemptions);
    timeline.add("prefixQueries", this.#counted, prefixCacheQueries - this.#lastQueries);
    timeline.add("prefixHits", this.#counted, prefixCacheHits - this.#lastHits);
    this.#lastPreemptions = numPreemptions;
    this.#lastQueries = prefixCacheQueries;
    this.#lastHits = prefixCacheHits;
    this.#counted = this.#now = now;
  }

  #onToken(id: number, finish: number, cachedTokens: number): void {
    const request = this.#requests.get(id)!;
    if (finish === FinishReason.timeout) {
      this.#requests.delete(id);
      this.#metrics.timeOut(this.#now);
      return;
    }
    this.#metrics.token(request, this.#now, cachedTokens);
    if (finish === FinishReason.none) return;
    this.#requests.delete(id);
    this.#metrics.finish(request);
  }
}
