// The planning of a step: which request computes which tokens. Every request catches up to its target; whether the missing
// tokens are a prompt, a part of one, a sampled token or what a preemption threw away makes no difference.
import { assertInternal, type StepPlan } from "@octavo/core";
import type { KvCacheManager } from "@octavo/kv-cache";
import { Admission } from "./admission.js";
import type { StepBudget } from "./budget/step-budget.js";
import type { Drafting } from "./drafting.js";
import type { Forks } from "./forks.js";
import type { InFlightStep } from "./in-flight-steps.js";
import type { NamedLogprobs } from "./named-logprobs.js";
import { writeAllBlocks, writeChangedBlocks, writeChunk } from "./plan-writer.js";
import type { SchedulingPolicy } from "./policy/scheduling-policy.js";
import { ProcessedSample } from "./processed-sample.js";
import type { Request } from "./request.js";
import { writeAdjustment, writeTables } from "./row-records.js";
import type { RunningSet } from "./running-set.js";
import type { MutableStats } from "./scheduler-stats.js";

export class StepPlanner {
  /** Told when a request is first scheduled. */
  onFirstAdmit: ((id: number) => void) | undefined;
  /** Samples of the step planned last whose logits the host changes. */
  readonly processed: ProcessedSample[] = [];
  /** And those that want to see the logprobs of certain tokens. */
  readonly named: NamedLogprobs[] = [];
  readonly #policy: SchedulingPolicy;
  readonly #running: RunningSet;
  readonly #budget: StepBudget;
  readonly #admission: Admission;
  readonly #kvCache: KvCacheManager;
  readonly #forks: Forks;
  readonly #stats: MutableStats;
  readonly #drafting: Drafting | undefined;

  constructor(
    policy: SchedulingPolicy,
    running: RunningSet,
    budget: StepBudget,
    kvCache: KvCacheManager,
    forks: Forks,
    stats: MutableStats,
    drafting?: Drafting,
  ) {
    this.#policy = policy;
    this.#running = running;
    this.#budget = budget;
    this.#kvCache = kvCache;
    this.#forks = forks;
    this.#admission = new Admission(policy, running, budget, kvCache, forks);
    this.#stats = stats;
    this.#drafting = drafting;
  }

  /** Gives tokens to running and waiting requests, in the policy's order. */
  fill(plan: StepPlan, step: InFlightStep): void {
    const { list } = this.#running;
    if (this.processed.length > 0) this.processed.length = 0;
    if (this.named.length > 0) this.named.length = 0;
    this.#budget.begin(list);
    this.#drafting?.propose(plan, list, this.#budget.left);
    this.#admission.begin();
    for (let i = 0; this.#budget.left > 0; i++) {
      const entrant = this.#admission.next(plan, i);
      if (entrant) this.#admit(plan, step, entrant, i);
      else if (i === list.length) break;
      // Who is preempted leaves its place to the next.
      else if (!this.#advance(plan, step, list[i]!, i)) i--;
    }
    this.#drafting?.settle();
    this.#admission.end();
    this.#stats.stepTokens = this.#budget.spent;
  }

  /** Plans the next tokens of a running request. @returns false when it was preempted for want of blocks */
  #advance(plan: StepPlan, step: InFlightStep, request: Request, index: number): boolean {
    if (request.pending > 0 && (request.drafts > 0 || this.#drafting?.holds(request))) return true;
    const chunk = this.#budget.chunk(request);
    if (chunk === 0) return true;
    const { sequence } = request;
    request.drafts = Math.min(request.drafts, this.#budget.left - chunk);
    // Not when it was planned: that step still reads them, and must not give them to others.
    sequence.slide(request.computed);
    while (!sequence.grow(request.computed + chunk + request.drafts, request.computed)) {
      if (this.#forks.reclaim()) continue;
      this.#admission.close();
      // Never one that has its tokens in this plan: those come before `index`.
      if (this.#running.preempt(index) === request) return false;
    }
    const changed = sequence.numChanged;
    // Blocks that were taken for drafts which found no room in a plan may come on top of those of this one.
    if (changed > plan.blockWritesLeft) return true;
    if (changed > 0) writeChangedBlocks(plan, request);
    this.#plan(plan, step, request, chunk, false);
    return true;
  }

  /**
   * Moves a request that waited to the running ones. Its prefix may lie in blocks that this very plan fills: every layer writes
   * the keys and values of all rows before any row attends.
   */
  #admit(plan: StepPlan, step: InFlightStep, request: Request, index: number): void {
    const { sequence, tokens, length } = request;
    const isFork = this.#forks.begins(request);
    if (!isFork) request.computed = sequence.matchPrefix(tokens, length);
    assertInternal(
      sequence.begin(length, request.computed),
      `request ${request.id} was said to fit, but its ${length} tokens do not`,
    );
    if (!request.wasAdmitted) {
      request.cachedTokens = request.computed;
      if (!isFork) this.#countLookup(request);
      this.#policy.admitted?.(request, length - request.computed);
      this.onFirstAdmit?.(request.id);
    }
    this.#running.insert(request, index);
    plan.addRowInit(request.row, request.rowInit);
    writeTables(plan, request);
    writeAllBlocks(plan, request);
    this.#plan(plan, step, request, this.#budget.chunk(request), true);
  }

  #plan(plan: StepPlan, step: InFlightStep, request: Request, chunk: number, isNew: boolean): void {
    const { drafts } = request;
    this.#budget.spend(request, chunk + drafts, isNew);
    const first = plan.numPromptLogprobs;
    const samples = writeChunk(plan, request, chunk);
    const count = plan.numPromptLogprobs - first;
    if (count > 0) step.scoredPrompts.push({ request, first, count });
    if (samples > 0 && request.flags !== 0) writeAdjustment(plan, request, request.computed + chunk);
    request.computed += chunk + drafts;
    request.sequence.commit(request.tokens, Math.min(request.computed, request.length));
    this.#forks.computed(request);
    if (samples === 0) return;
    if (request.processLogits) this.processed.push(new ProcessedSample(plan.numSamples - 1, request));
    if (request.logprobs >= 0) plan.wantLogprobs(request.logprobs);
    const { logprobTokenIds: tokenIds } = request;
    if (tokenIds.length > 0) this.named.push({ first: plan.numSamples - samples, count: samples, tokenIds });
    request.pending += samples;
    step.add(request, samples);
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
}
