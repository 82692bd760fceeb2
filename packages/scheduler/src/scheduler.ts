// The policy: which request computes which tokens in a step. Every request catches up to its target; whether the missing
// tokens are a prompt, a part of one, a sampled token or what a preemption threw away makes no difference.
import { assertInternal, checkArgument, OctavoError, type PlanLayout, planLayout, type StepPlan } from "@octavo/core";
import type { KvCacheManager } from "@octavo/kv-cache";
import { type DraftSource, maxSamples } from "./draft-source.js";
import { Drafting } from "./drafting.js";
import { FinishReason } from "./finish-reason.js";
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
  readonly #drafting: Drafting | undefined;
  readonly #requests = new Map<number, Request>();
  /** In order of arrival, all of them before those that wait: who is preempted goes from this end to that front. */
  readonly #running: Request[] = [];
  readonly #waiting = new RequestQueue();
  #arrivals = 0;

  /**
   * @param drafts proposes tokens for speculative decoding. Default: none
   * @throws INVALID_ARGUMENT when a limit cannot work
   */
  constructor(config: SchedulerConfig, kvCache: KvCacheManager, drafts?: DraftSource) {
    this.#config = resolveConfig(config);
    this.#kvCache = kvCache;
    const { maxNumSeqs, maxNumBatchedTokens, maxModelLen } = this.#config;
    const { blockSize, totalBlocks } = kvCache;
    const maxBlocksPerRow = Math.ceil(maxModelLen / blockSize);
    // The row after those of the requests is the one that padding names.
    const maxRows = this.#config.decodeBuckets.length > 0 ? maxNumSeqs + 1 : maxNumSeqs;
    this.planLayout = planLayout({
      maxRows,
      maxTokens: maxNumBatchedTokens,
      maxBlocksPerRow,
      blockSize,
      maxSamples: maxSamples(maxRows, maxNumBatchedTokens, drafts?.numSpeculativeTokens ?? 0),
    });
    this.#drafting = drafts && new Drafting(drafts, kvCache);
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
    const { id, cacheSalt, promptLogprobs = -1 } = spec;
    checkArgument(!this.#requests.has(id), `request ${id} is still unfinished: choose another id`, "id");
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
    this.#requests.set(id, request);
    this.#waiting.pushBack(request);
    this.#count();
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
    this.#drafting?.propose(plan, this.#running, budget);
    for (let i = 0; i < this.#running.length && budget > 0; i++) {
      const request = this.#running[i]!;
      const chunk = this.#chunk(request, budget);
      if (chunk === 0) continue;
      request.drafts = Math.min(request.drafts, budget - chunk);
      while (!request.sequence.grow(request.computed + chunk + request.drafts)) {
        hasPreempted = true;
        // Never one that has its tokens in this plan: those come before `i`.
        assertInternal(this.#running.length > i, `request ${request.id} finds nobody to preempt`);
        if (this.#preemptLast() === request) break;
      }
      if (request.row === NO_ROW) break;
      // Blocks that were taken for drafts which found no room in a plan may come on top of those of this one.
      if (request.sequence.numBlocks - request.knownBlocks > plan.blockWritesLeft) continue;
      writeBlocks(plan, request);
      budget -= this.#plan(plan, step, request, chunk);
    }
    this.#drafting?.settle();
    // Who lost its blocks must not lose its place: nobody enters in a step that preempted.
    while (!hasPreempted && budget > 0 && this.#canAdmit(plan)) {
      const request = this.#admit(plan);
      budget -= this.#plan(plan, step, request, this.#chunk(request, budget));
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
    let first = 0;
    for (let i = 0; i < step.length; i++) {
      const samples = step.samples(i);
      if (!step.request(i).finished) this.#take(step.request(i), tokens, first, samples, sink);
      first += samples;
    }
    this.#inFlight.complete();
    this.#count();
  }

  /** Checks the scheduler and the KV cache; for tests and idle times. @throws INTERNAL with the numbers */
  checkInvariants(): void {
    checkInvariants(this.#requests, this.#running, this.#waiting, this.#inFlight, this.#rows, this.#config.maxNumSeqs);
    this.#kvCache.checkInvariants(this.#running.map((request) => request.sequence));
  }

  /** Takes a request's samples: while each is what was drafted in its place, the next one is right as well. */
  #take(request: Request, tokens: Int32Array, first: number, samples: number, sink: OutputSink): void {
    const isFirst = request.length === request.promptLength;
    const { drafts, length: before } = request;
    let finish: FinishReason = FinishReason.none;
    let taken = 0;
    for (let goesOn = true; goesOn; ) {
      const token = tokens[first + taken]!;
      goesOn = taken < drafts && request.confirms(token);
      finish = request.append(token);
      if (finish !== FinishReason.none) goesOn = false;
      taken++;
    }
    request.pending -= samples;
    request.drafts = 0;
    // What was computed for wrong drafts is computed again, in the same places.
    if (drafts > 0 && request.row !== NO_ROW) request.computed = before + taken - 1;
    // A token that was in flight when its block was filled can be hashed only now.
    request.sequence.commit(request.tokens, Math.min(request.computed, request.length));
    if (isFirst) this.#stats.promptTokens += request.promptLength;
    this.#stats.generationTokens += finish === FinishReason.error ? taken - 1 : taken;
    if (drafts > 0) this.#countDrafts(request, drafts, taken - 1);
    if (finish !== FinishReason.none) this.#remove(request);
    for (let i = 0; i < taken; i++) {
      const last = i === taken - 1 ? finish : FinishReason.none;
      sink.onToken(request.id, tokens[first + i]!, last, request.cachedTokens, first + i, request.logprobs);
    }
  }

  #countDrafts(request: Request, drafts: number, accepted: number): void {
    this.#stats.numDrafts++;
    this.#stats.numDraftTokens += drafts;
    this.#stats.numAcceptedTokens += accepted;
    this.#drafting!.verified(request, drafts, accepted);
  }

  /** Tokens that a running request computes in this step, drafts not counted. */
  #chunk(request: Request, budget: number): number {
    if (request.exhausted) return 0;
    if (request.pending > 0 && (request.drafts > 0 || this.#drafting?.holds(request))) return 0;
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
    const { tokens, length, pending, wasAdmitted, sequence } = this.#waiting.at(0);
    if (pending > 0) return false;
    if (Math.ceil(length / this.#kvCache.blockSize) > plan.blockWritesLeft) return false;
    // The whole length must fit, not only the first chunk. One that was preempted returns only when each running request
    // could take a block, too; otherwise they would push it out again in the next step.
    return sequence.fits(tokens, length, wasAdmitted ? this.#running.length : 0);
  }

  /**
   * Moves the first waiting request to the running ones. Its prefix may lie in blocks that this very plan fills: every
   * layer writes the keys and values of all rows before any row attends.
   */
  #admit(plan: StepPlan): Request {
    const request = this.#waiting.popFront();
    const { sequence, tokens, length } = request;
    request.computed = sequence.matchPrefix(tokens, length);
    assertInternal(sequence.grow(length), `request ${request.id} was said to fit, but its ${length} tokens do not`);
    if (!request.wasAdmitted) {
      request.cachedTokens = request.computed;
      if (request.promptLogprobs < 0) this.#stats.prefixCacheQueries += length;
      this.#stats.prefixCacheHits += request.computed;
      this.onFirstAdmit?.(request.id);
    }
    request.row = this.#rows.take();
    this.#running.push(request);
    plan.addRowInit(request.row, request.rowInit);
    writeBlocks(plan, request);
    return request;
  }

  /** @returns tokens that the request takes of the budget */
  #plan(plan: StepPlan, step: InFlightStep, request: Request, chunk: number): number {
    const { drafts } = request;
    const first = plan.numPromptLogprobs;
    const samples = writeChunk(plan, request, chunk);
    const count = plan.numPromptLogprobs - first;
    if (count > 0) step.scoredPrompts.push({ request, first, count });
    request.computed += chunk + drafts;
    request.sequence.commit(request.tokens, Math.min(request.computed, request.length));
    if (samples === 0) return chunk;
    if (request.logprobs >= 0) plan.wantLogprobs(request.logprobs);
    request.pending += samples;
    step.add(request, samples);
    return chunk + drafts;
  }

  /** Ends a request, running or waiting. */
  #remove(request: Request): void {
    request.finished = true;
    this.#requests.delete(request.id);
    if (request.row === NO_ROW) {
      this.#waiting.remove(request);
    } else {
      this.#running.splice(this.#running.indexOf(request), 1);
      this.#releaseResources(request);
    }
    this.#drafting?.forget(request);
  }

  #releaseResources(request: Request): void {
    this.#drafting?.released(request);
    request.sequence.free();
    request.knownBlocks = 0;
    this.#rows.release(request.row);
    request.row = NO_ROW;
  }

  #count(): void {
    this.#stats.numRunning = this.#running.length;
    this.#stats.numWaiting = this.#waiting.length;
    this.#stats.kvBlocksUsed = this.#kvCache.usedBlocks;
  }
}
