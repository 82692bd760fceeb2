// The policy: which request computes which tokens in a step. Every request catches up to its target; whether the missing
// tokens are a prompt, a part of one, a sampled token or what a preemption threw away makes no difference.
import { assertInternal, checkArgument, OctavoError, type PlanLayout, planLayout, type StepPlan } from "@octavo/core";
import type { KvCacheManager } from "@octavo/kv-cache";
import { FinishReason } from "./finish-reason.js";
import { Forks } from "./forks.js";
import { type InFlightStep, InFlightSteps } from "./in-flight-steps.js";
import { checkInvariants } from "./invariants.js";
import type { OutputSink } from "./output-sink.js";
import { padDecode } from "./pad-decode.js";
import { writeBlocks, writeChunk } from "./plan-writer.js";
import { NO_ROW, Request } from "./request.js";
import { checkRequest, type RequestLimits } from "./request-check.js";
import { RequestQueue } from "./request-queue.js";
import type { RequestSpec } from "./request-spec.js";
import { RowPool } from "./row-pool.js";
import { resolveConfig, type SchedulerConfig } from "./scheduler-config.js";
import { createStats, type SchedulerStats } from "./scheduler-stats.js";

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
  readonly #rows: RowPool;
  readonly #inFlight: InFlightSteps;
  readonly #stats;
  readonly #limits: RequestLimits;
  readonly #requests = new Map<number, Request>();
  /** In order of arrival, all of them before those that wait: who is preempted goes from this end to that front. */
  readonly #running: Request[] = [];
  readonly #waiting = new RequestQueue();
  readonly #forks = new Forks();
  #arrivals = 0;

  /** @throws INVALID_ARGUMENT when a limit cannot work */
  constructor(config: SchedulerConfig, kvCache: KvCacheManager) {
    this.#config = resolveConfig(config);
    this.#kvCache = kvCache;
    const { maxNumSeqs, maxNumBatchedTokens, maxModelLen } = this.#config;
    const { blockSize, totalBlocks } = kvCache;
    const maxBlocksPerRow = Math.ceil(maxModelLen / blockSize);
    // The row after those of the requests is the one that padding names.
    const maxRows = this.#config.decodeBuckets.length > 0 ? maxNumSeqs + 1 : maxNumSeqs;
    this.planLayout = planLayout({ maxRows, maxTokens: maxNumBatchedTokens, maxBlocksPerRow, blockSize });
    this.#rows = new RowPool(maxNumSeqs);
    this.#inFlight = new InFlightSteps(maxNumSeqs);
    this.#stats = createStats(totalBlocks);
    this.#limits = { maxModelLen, cacheTokens: totalBlocks * blockSize };
  }

  /** A live object: its numbers change with every call. */
  get stats(): SchedulerStats {
    return this.#stats;
  }

  /** Whether a request runs or waits. */
  hasUnfinished(): boolean {
    return this.#requests.size > 0;
  }

  /** Queues a request. @throws QUEUE_FULL; INVALID_ARGUMENT when the request can never run */
  add(spec: RequestSpec): void {
    const { id, cacheSalt, promptLogprobs = -1, forkOf } = spec;
    const isTaken = this.#requests.has(id) || this.#forks.kept(id) !== undefined;
    checkArgument(!isTaken, `request ${id} is still unfinished, or its blocks are kept: choose another id`, "id");
    checkRequest(spec, this.#limits);
    const { maxNumQueuedReqs } = this.#config;
    if (this.#requests.size >= maxNumQueuedReqs) {
      const message = `request ${id} is refused: ${this.#requests.size} are unfinished, max_num_queued_reqs is ${maxNumQueuedReqs}; retry later`;
      throw new OctavoError({ code: "QUEUE_FULL", message });
    }
    const sequence = this.#kvCache.createSequence({ cacheSalt, reuseCached: promptLogprobs < 0 });
    // The last token is never computed, so that it needs no room in the cache.
    const longest = Math.min(this.#limits.maxModelLen, this.#limits.cacheTokens + 1);
    const request = new Request(spec, this.#arrivals++, longest, sequence);
    const parent = forkOf === undefined ? undefined : (this.#requests.get(forkOf) ?? this.#forks.kept(forkOf));
    if (parent) this.#forks.add(request, parent);
    this.#requests.set(id, request);
    this.#waiting.pushBack(request);
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

  /**
   * Writes the next step into `plan`. A plan with rows must be launched, after those scheduled before it.
   * @returns rows in the plan, padding included; 0 when nothing can be launched now
   */
  schedule(plan: StepPlan): number {
    const step = this.#inFlight.next;
    plan.begin(this.#inFlight.launched);
    let budget = this.#config.maxNumBatchedTokens;
    let hasPreempted = false;
    for (let i = 0; i < this.#running.length && budget > 0; i++) {
      const request = this.#running[i]!;
      const chunk = this.#chunk(request, budget);
      if (chunk === 0) continue;
      const { sequence } = request;
      // Not when it was planned: that step still reads them, and must not give them to others.
      sequence.slide(request.computed);
      while (!sequence.grow(request.computed + chunk, request.computed)) {
        if (this.#forks.reclaim()) continue;
        hasPreempted = true;
        // Never one that has its tokens in this plan: those come before `i`.
        assertInternal(this.#running.length > i, `request ${request.id} finds nobody to preempt`);
        if (this.#preemptLast() === request) break;
      }
      if (request.row === NO_ROW) break;
      writeBlocks(plan, request, sequence.firstChanged);
      this.#plan(plan, step, request, chunk);
      budget -= chunk;
    }
    // Who lost its blocks must not lose its place: nobody enters in a step that preempted.
    while (!hasPreempted && budget > 0 && this.#canAdmit(plan)) {
      const request = this.#admit(plan);
      const chunk = this.#chunk(request, budget);
      this.#plan(plan, step, request, chunk);
      budget -= chunk;
    }
    this.#stats.stepTokens = this.#config.maxNumBatchedTokens - budget;
    padDecode(plan, this.#config);
    plan.finish();
    if (plan.numRows > 0) this.#inFlight.launch();
    this.#count();
    return plan.numRows;
  }

  /**
   * Takes the tokens that the oldest launched step sampled and reports them. Those of requests that ended meanwhile
   * (aborted, or stopped by the token before) are dropped.
   * @param tokens in the plan's sample order; may be longer
   */
  update(tokens: Int32Array, sink: OutputSink): void {
    const step = this.#inFlight.oldest;
    for (const { request, first, count } of step.scoredPrompts) {
      if (!request.finished) sink.onPromptLogprobs?.(request.id, first, count, request.promptLogprobs);
    }
    for (let i = 0; i < step.numSamples; i++) {
      const request = step.request(i);
      if (request.finished) continue;
      const token = tokens[i]!;
      const isFirst = request.length === request.promptLength;
      const finish = request.append(token);
      // A token that was in flight when its block was filled can be hashed only now.
      request.sequence.commit(request.tokens, Math.min(request.computed, request.length));
      if (isFirst) this.#stats.promptTokens += request.promptLength;
      if (finish !== FinishReason.error) this.#stats.generationTokens++;
      if (finish !== FinishReason.none) this.#remove(request, request.keepBlocks && finish !== FinishReason.error);
      sink.onToken(request.id, token, finish, request.cachedTokens, i, request.logprobs);
    }
    this.#inFlight.complete();
    this.#count();
  }

  /**
   * Takes row and blocks from every request that holds some: what they know so far is computed again. For when what is in the cache
   * has become worthless.
   */
  preemptAll(): void {
    while (this.#forks.reclaim()) {}
    while (this.#running.length > 0) this.#preemptLast();
    this.#count();
  }

  /** Checks the scheduler and the KV cache; for tests and idle times. @throws INTERNAL with the numbers */
  checkInvariants(): void {
    const { maxNumSeqs } = this.#config;
    checkInvariants(this.#requests, this.#running, this.#waiting, this.#inFlight, this.#rows, maxNumSeqs, this.#forks);
    const running = this.#running.map((request) => request.sequence);
    this.#kvCache.checkInvariants([...running, ...this.#forks.sequences()]);
  }

  /** Tokens that a running request computes in this step. */
  #chunk(request: Request, budget: number): number {
    if (request.exhausted) return 0;
    const missing = request.target - request.computed;
    const { longPrefillTokenThreshold } = this.#config;
    const share = longPrefillTokenThreshold > 0 ? Math.min(longPrefillTokenThreshold, budget) : budget;
    return Math.min(missing, share);
  }

  /** Takes row and blocks from the request that arrived last; it comes back as if it were new, with the tokens it has. */
  #preemptLast(): Request {
    const victim = this.#running.pop()!;
    this.#releaseResources(victim);
    victim.computed = 0;
    this.#waiting.pushFront(victim);
    this.#stats.numPreemptions++;
    return victim;
  }

  #canAdmit(plan: StepPlan): boolean {
    if (this.#waiting.length === 0 || this.#rows.free === 0) return false;
    const request = this.#waiting.at(0);
    const { tokens, length, pending, wasAdmitted, sequence } = request;
    if (pending > 0 || this.#forks.mustWait(request, this.#inFlight.launched)) return false;
    if (sequence.isLoading(tokens, length)) return false;
    if (Math.ceil(length / this.#kvCache.blockSize) > plan.blockWritesLeft) return false;
    // The whole length must fit, not only the first chunk. One that was preempted returns only when each running request
    // could take a block, too; otherwise they would push it out again in the next step.
    const spare = wasAdmitted ? this.#running.length : 0;
    while (!sequence.fits(tokens, length, spare, request.computed)) {
      // While others run, their blocks come free by themselves.
      if (this.#running.length > 0 || !this.#forks.reclaim(request)) return false;
    }
    return true;
  }

  /**
   * Moves the first waiting request to the running ones. Its prefix may lie in blocks that this very plan fills: every
   * layer writes the keys and values of all rows before any row attends.
   */
  #admit(plan: StepPlan): Request {
    const request = this.#waiting.popFront();
    const { sequence, tokens, length } = request;
    const isFork = sequence.numBlocks > 0;
    this.#forks.forget(request);
    if (!isFork) request.computed = sequence.matchPrefix(tokens, length);
    assertInternal(
      sequence.grow(length, request.computed),
      `request ${request.id} was said to fit, but its ${length} tokens do not`,
    );
    if (!request.wasAdmitted) {
      request.cachedTokens = request.computed;
      if (!isFork) this.#countLookup(request);
      this.onFirstAdmit?.(request.id);
    }
    request.row = this.#rows.take();
    this.#running.push(request);
    plan.addRowInit(request.row, request.rowInit);
    writeBlocks(plan, request, 0);
    return request;
  }

  #plan(plan: StepPlan, step: InFlightStep, request: Request, chunk: number): void {
    const first = plan.numPromptLogprobs;
    const samples = writeChunk(plan, request, chunk);
    const count = plan.numPromptLogprobs - first;
    if (count > 0) step.scoredPrompts.push({ request, first, count });
    request.computed += chunk;
    request.sequence.commit(request.tokens, Math.min(request.computed, request.length));
    this.#forks.computed(request, this.#inFlight.launched);
    if (!samples) return;
    if (request.logprobs >= 0) plan.wantLogprobs(request.logprobs);
    request.pending++;
    step.add(request);
  }

  /** Ends a request, running or waiting. @param keepBlocks for forks to come; it runs */
  #remove(request: Request, keepBlocks = false): void {
    request.finished = true;
    this.#requests.delete(request.id);
    this.#forks.ended(request);
    if (keepBlocks) this.#forks.keep(request);
    if (request.row === NO_ROW) {
      this.#waiting.remove(request);
      this.#forks.forget(request);
      request.sequence.free();
    } else {
      this.#running.splice(this.#running.indexOf(request), 1);
      this.#releaseResources(request, keepBlocks);
    }
  }

  #releaseResources(request: Request, keepBlocks = false): void {
    if (!keepBlocks) request.sequence.free();
    this.#rows.release(request.row);
    request.row = NO_ROW;
  }

  /** @param request looked for its prefix just now, for the first time */
  #countLookup({ length, computed, promptLogprobs, sequence: { externalTokens } }: Request): void {
    const local = computed - externalTokens;
    this.#stats.prefixCacheHits += local;
    this.#stats.externalPrefixCacheHits += externalTokens;
    if (promptLogprobs >= 0) return;
    this.#stats.prefixCacheQueries += length;
    if (this.#kvCache.hasHostTier) this.#stats.externalPrefixCacheQueries += length - local;
  }

  #count(): void {
    this.#stats.numRunning = this.#running.length;
    this.#stats.numWaiting = this.#waiting.length;
    this.#stats.kvBlocksUsed = this.#kvCache.usedBlocks;
  }
}
