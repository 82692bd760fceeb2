// The package's face: the requests' lives, and steps that are scheduled, launched and updated. Who computes what in a step is
// step-planner.ts's business, what becomes of its tokens that of step-results.ts, who comes first that of policy/.
import { checkArgument, NO_TOKEN, type PlanLayout, planLayout, type StepPlan } from "@octavo/core";
import type { KvCacheManager } from "@octavo/kv-cache";
import { StepBudget } from "./budget/step-budget.js";
import { Deadlines } from "./deadlines.js";
import { type DraftSource, maxSamples } from "./draft-source.js";
import { Drafting } from "./drafting.js";
import { FinishReason } from "./finish-reason.js";
import { Forks } from "./forks.js";
import { InFlightSteps } from "./in-flight-steps.js";
import { checkInvariants } from "./invariants.js";
import type { NamedLogprobs } from "./named-logprobs.js";
import type { OutputSink } from "./output-sink.js";
import { padDecode } from "./pad-decode.js";
import { PauseGate, type SchedulerPauseMode } from "./pause-gate.js";
import { createPolicy } from "./policy/index.js";
import type { SchedulingPolicy } from "./policy/scheduling-policy.js";
import type { ProcessedSample } from "./processed-sample.js";
import { NO_ROW, Request } from "./request.js";
import { checkQueue, checkRequest, type RequestLimits } from "./request-check.js";
import type { RequestSpec } from "./request-spec.js";
import { RunningSet } from "./running-set.js";
import { resolveConfig, type SchedulerConfig } from "./scheduler-config.js";
import { createStats, type SchedulerSnapshot, type SchedulerStats, snapshotOf } from "./scheduler-stats.js";
import { StepPlanner } from "./step-planner.js";
import { StepResults } from "./step-results.js";

/**
 * Plans steps. The caller repeats: `schedule` a plan, launch it, collect its tokens, `update`. A second step may be
 * scheduled and launched before the first is updated; the tokens are the same.
 *
 * Rows and blocks are freed at once, even while a launched step still uses them, and may be given to others in the next
 * plan. That is safe because the device runs plans in order: the old owner's writes come before the new owner's.
 */
export class Scheduler {
  /** The layout that the plans given to `schedule` must have. */
  readonly planLayout: PlanLayout;
  /** Told when a request is first scheduled, before its plan is launched: for measuring how long it waited. */
  onFirstAdmit: ((id: number) => void) | undefined;
  readonly #config: Required<SchedulerConfig>;
  readonly #kvCache: KvCacheManager;
  readonly #inFlight: InFlightSteps;
  readonly #stats;
  readonly #limits: RequestLimits;
  readonly #drafting: Drafting | undefined;
  readonly #requests = new Map<number, Request>();
  readonly #policy: SchedulingPolicy;
  readonly #running: RunningSet;
  readonly #budget: StepBudget;
  readonly #planner: StepPlanner;
  readonly #results: StepResults;
  readonly #gate = new PauseGate();
  readonly #deadlines = new Deadlines();
  readonly #forks = new Forks();
  #arrivals = 0;

  /**
   * @param drafts proposes tokens for speculative decoding. Default: none
   * @throws INVALID_ARGUMENT when a limit cannot work
   */
  constructor(config: SchedulerConfig, kvCache: KvCacheManager, drafts?: DraftSource) {
    this.#config = resolveConfig(config);
    this.#kvCache = kvCache;
    const { maxNumSeqs, maxNumBatchedTokens, maxModelLen, schedulingPolicy, vocabSize } = this.#config;
    const { blockSize, totalBlocks, numGroups, longestSequence } = kvCache;
    const maxBlocksPerRow = Math.ceil(maxModelLen / blockSize);
    // The row after those of the requests is the one that padding names.
    const maxRows = this.#config.decodeBuckets.length > 0 ? maxNumSeqs + 1 : maxNumSeqs;
    this.planLayout = planLayout({
      maxRows,
      maxTokens: maxNumBatchedTokens,
      maxBlocksPerRow,
      blockSize,
      numGroups,
      vocabSize,
      maxSamples: maxSamples(maxRows, maxNumBatchedTokens, drafts?.numSpeculativeTokens ?? 0),
    });
    this.#policy = createPolicy(schedulingPolicy);
    this.#drafting = drafts && new Drafting(drafts, kvCache);
    this.#running = new RunningSet(maxNumSeqs, this.#policy, this.#drafting);
    this.#budget = new StepBudget(this.#config);
    this.#inFlight = new InFlightSteps(maxNumSeqs);
    this.#stats = createStats(totalBlocks);
    this.#planner = new StepPlanner(
      this.#policy,
      this.#running,
      this.#budget,
      kvCache,
      this.#forks,
      this.#stats,
      this.#drafting,
    );
    const end = (request: Request, keepBlocks: boolean) => this.#remove(request, keepBlocks);
    this.#results = new StepResults(this.#policy, this.#stats, this.#drafting, end);
    this.#planner.onFirstAdmit = (id) => this.onFirstAdmit?.(id);
    this.#limits = { maxModelLen, cacheTokens: longestSequence, vocabSize };
  }

  /** A live object: its numbers change with every call. */
  get stats(): SchedulerStats {
    return this.#stats;
  }

  /** Samples of the plan scheduled last whose logits the host changes. */
  get processed(): readonly ProcessedSample[] {
    return this.#planner.processed;
  }

  /** Samples of that plan that want to see the logprobs of certain tokens (`logprobTokenIds`). */
  get namedLogprobs(): readonly NamedLogprobs[] {
    return this.#planner.named;
  }

  /** Whether a request runs or waits. */
  hasUnfinished(): boolean {
    return this.#requests.size > 0;
  }

  /** Queues a request. @throws QUEUE_FULL; INVALID_ARGUMENT when the request can never run */
  add(spec: RequestSpec): void {
    const { id, promptTokens, cacheSalt, promptLogprobs = -1, forkOf } = spec;
    const isTaken = this.#requests.has(id) || this.#forks.kept(id) !== undefined;
    checkArgument(!isTaken, `request ${id} is still unfinished, or its blocks are kept: choose another id`, "id");
    checkRequest(spec, this.#limits);
    checkQueue(id, this.#requests.size, this.#config.maxNumQueuedReqs);
    const sequence = this.#kvCache.createTables({ cacheSalt, reuseCached: promptLogprobs < 0 });
    // The last token is never computed, so that it needs no room in the cache.
    const longest = Math.min(this.#limits.maxModelLen, this.#limits.cacheTokens + 1);
    const isLong = this.#budget.isLong(promptTokens.length);
    const request = new Request(spec, this.#arrivals++, longest, sequence, isLong);
    const parent = forkOf === undefined ? undefined : (this.#requests.get(forkOf) ?? this.#forks.kept(forkOf));
    if (parent) this.#forks.add(request, parent);
    this.#requests.set(id, request);
    this.#deadlines.add(request);
    // Who goes on with what was kept was there before the pause.
    if (parent?.finished || !this.#gate.hold(request)) this.#policy.push(request);
    this.#count();
  }

  /** Gives back the blocks of a finished request that were kept (`keepBlocks`). @returns false for an unknown id */
  release(id: number): boolean {
    const released = this.#forks.release(id);
    this.#count();
    return released;
  }

  /** Ends a request and frees what it holds at once; nothing more is reported of it. @returns false for an unknown id */
  abort(id: number): boolean {
    const request = this.#requests.get(id);
    if (!request) return false;
    this.#remove(request);
    this.#count();
    return true;
  }

  /** When the next request runs out of time, in ms of the configured clock; infinite when none does. */
  get nextDeadline(): number {
    return this.#deadlines.next;
  }

  /** Ends the requests whose deadlines have passed, running or waiting, and reports them. To be called between two steps. @returns how many */
  expire(sink: OutputSink): number {
    if (this.#deadlines.next === Number.POSITIVE_INFINITY) return 0;
    const now = this.#config.now();
    let ended = 0;
    for (let request = this.#deadlines.expired(now); request; request = this.#deadlines.expired(now)) {
      this.#remove(request);
      sink.onToken(request.id, NO_TOKEN, FinishReason.timeout, request.cachedTokens, -1, -1, 0);
      ended++;
    }
    this.#count();
    return ended;
  }

  /** Holds back all that come from now on, and with "keep" all that are there, too, with their rows and blocks. */
  pause(mode: SchedulerPauseMode): void {
    this.#gate.close(mode);
  }

  /** Ends a pause: those that came during it queue up. */
  resume(): void {
    for (const request of this.#gate.open()) {
      request.arrival = this.#arrivals++;
      this.#policy.push(request);
    }
    this.#count();
  }

  get isPaused(): boolean {
    return this.#gate.isPaused;
  }

  /** Whether a pause has come to rest: no step is in flight, no request goes on, and none that is kept will be gone on with. */
  get isResting(): boolean {
    const { isPaused, isFrozen, held } = this.#gate;
    return (
      isPaused && this.#inFlight.length === 0 && (isFrozen || this.#requests.size + this.#forks.numKept === held.length)
    );
  }

  /**
   * Writes the next step into `plan`. A plan with rows must be launched, after those scheduled before it.
   * @returns rows in the plan, padding included; 0 when nothing can be launched now
   */
  schedule(plan: StepPlan): number {
    const step = this.#inFlight.next;
    plan.begin(this.#inFlight.launched);
    this.#forks.begin(this.#inFlight.launched);
    if (!this.#gate.isFrozen) this.#planner.fill(plan, step);
    padDecode(plan, this.#config);
    plan.finish();
    if (plan.numRows > 0) {
      this.#inFlight.launch();
      this.#budget.latency?.launch();
    }
    this.#count();
    return plan.numRows;
  }

  /**
   * Takes the tokens that the oldest launched step sampled and reports them. Those of requests that ended meanwhile
   * (aborted, or stopped by the token before) are dropped.
   * @param tokens in the plan's sample order; may be longer
   */
  update(tokens: Int32Array, sink: OutputSink): void {
    this.#budget.latency?.complete();
    this.#results.take(this.#inFlight.oldest, tokens, sink);
    this.#inFlight.complete();
    this.#count();
  }

  /**
   * Takes row and blocks from every request that holds some: what they know so far is computed again. For when what is in the cache
   * has become worthless.
   */
  preemptAll(): void {
    while (this.#forks.reclaim()) {}
    while (this.#running.list.length > 0) this.#running.preempt(0);
    this.#count();
  }

  /** For people and programs that look closely; makes new objects. */
  snapshot(): SchedulerSnapshot {
    return snapshotOf(this.#stats, this.#config, this.#policy, this.#budget, this.#gate);
  }

  /** Checks the scheduler and the KV cache; for tests and idle times. @throws INTERNAL with the numbers */
  checkInvariants(): void {
    checkInvariants(
      this.#requests,
      this.#running,
      this.#policy,
      this.#gate.held,
      this.#inFlight,
      this.#config.maxNumSeqs,
      this.#forks,
    );
    const running = this.#running.list.map((request) => request.sequence);
    this.#kvCache.checkInvariants([...running, ...this.#forks.sequences()]);
  }

  /** Ends a request, running or waiting. @param keepBlocks for forks to come; it runs */
  #remove(request: Request, keepBlocks = false): void {
    request.finished = true;
    this.#requests.delete(request.id);
    this.#deadlines.remove(request);
    this.#forks.ended(request);
    const wasRunning = request.row !== NO_ROW;
    if (keepBlocks) this.#forks.keep(request);
    if (wasRunning) this.#running.remove(request, keepBlocks);
    else this.#forks.drop(request);
    this.#drafting?.forget(request);
    if (this.#gate.remove(request)) return;
    if (!wasRunning) this.#policy.remove(request);
    this.#policy.ended?.(request);
  }

  #count(): void {
    const numRunning = this.#running.list.length;
    this.#stats.numRunning = numRunning;
    this.#stats.numWaiting = this.#requests.size - numRunning;
    this.#stats.numPreemptions = this.#running.numPreemptions;
    this.#stats.numOutranked = this.#running.numOutranked;
    this.#stats.kvBlocksUsed = this.#kvCache.usedBlocks;
  }
}
