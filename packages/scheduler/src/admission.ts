// Whether the first of those that wait enters a step, and who makes room for it.
import { RECORD_HEADER_WORDS, type StepPlan } from "@octavo/core";
import type { BlockTables, KvCacheManager } from "@octavo/kv-cache";
import type { StepBudget } from "./budget/step-budget.js";
import type { Forks } from "./forks.js";
import type { SchedulingPolicy } from "./policy/scheduling-policy.js";
import type { Request } from "./request.js";
import { tableWords } from "./row-records.js";
import type { RunningSet } from "./running-set.js";

/** Long prompts that shorter ones behind them may pass in one step: no queue is searched to its end. */
const MOST_PASSED = 32;

/** Of the record with which a running request adds a token to its history. */
const TOKEN_RECORD_WORDS = RECORD_HEADER_WORDS + 2;

export class Admission {
  readonly #policy: SchedulingPolicy;
  readonly #running: RunningSet;
  readonly #budget: StepBudget;
  readonly #kvCache: KvCacheManager;
  readonly #forks: Forks;
  /** Long prompts that are passed in the step being planned. */
  readonly #passed: Request[] = [];
  #isOpen = false;

  constructor(
    policy: SchedulingPolicy,
    running: RunningSet,
    budget: StepBudget,
    kvCache: KvCacheManager,
    forks: Forks,
  ) {
    this.#policy = policy;
    this.#running = running;
    this.#budget = budget;
    this.#kvCache = kvCache;
    this.#forks = forks;
  }

  /** A new step. */
  begin(): void {
    this.#isOpen = true;
  }

  /** Nobody enters this step any more: who lost its blocks must not lose its place. */
  close(): void {
    this.#isOpen = false;
  }

  /**
   * Takes the waiting request that goes before the running one at `index`, or behind the last, out of its queue. Those from `index`
   * on, who have no tokens in the plan yet, may lose their rows and blocks to it.
   */
  next(plan: StepPlan, index: number): Request | undefined {
    const { list } = this.#running;
    while (this.#isOpen && this.#policy.length > 0) {
      if (index < list.length && !this.#policy.outranks(list[index]!)) return undefined;
      const request = this.#policy.first();
      if (this.#budget.canBegin(request) && !this.#forks.mustWait(request)) {
        this.#isOpen = this.#hasWritesLeft(plan, request, index) && this.#makeRoom(request, index);
        return this.#isOpen ? this.#policy.shift() : undefined;
      }
      if (!request.isLong || this.#passed.length === MOST_PASSED) this.#isOpen = false;
      else this.#passed.push(this.#policy.shift());
    }
    return undefined;
  }

  /** The step is planned. */
  end(): void {
    while (this.#passed.length > 0) this.#policy.putBack(this.#passed.pop()!);
  }

  /** The running ones behind `index` need some, too. */
  #hasWritesLeft(plan: StepPlan, request: Request, index: number): boolean {
    const { blockSize, numGroups } = this.#kvCache;
    const others = this.#running.list.length - index;
    const records = tableWords(request);
    if (records > 0 && records + others * TOKEN_RECORD_WORDS > plan.recordWordsLeft) return false;
    const reserved = others > 0 ? others + Math.ceil(this.#budget.left / blockSize) : 0;
    return request.sequence.mostBlocks(request.length) + numGroups * reserved <= plan.blockWritesLeft;
  }

  /** @returns whether there is a row and blocks; nobody is preempted in vain, and nobody else enters if somebody was */
  #makeRoom(request: Request, index: number): boolean {
    // Its last samples are still in flight, or what it begins with is on its way from the file.
    if (request.pending > 0 || request.sequence.isLoading(request.tokens, request.length)) return false;
    if (this.#fits(request, index)) return true;
    const { list } = this.#running;
    if (index === list.length) return list.length === 0 && this.#reclaimFor(request, index);
    if (this.#needed(request, index) > this.#freeWithout(request, index)) return false;
    if (this.#reclaimFor(request, index)) return true;
    // It stands first: whoever is preempted comes behind it.
    for (; list.length > index && !this.#fits(request, index); this.#running.numOutranked++)
      this.#running.preempt(index);
    return this.#fits(request, index);
  }

  /** Takes back blocks that nobody computes with; while others run, those of theirs come free by themselves. @returns whether it fits */
  #reclaimFor(request: Request, index: number): boolean {
    while (!this.#hasBlocks(request, index) && this.#forks.reclaim(request)) {}
    return this.#fits(request, index);
  }

  /** Blocks that it takes at most, and must leave free. */
  #needed({ sequence, length, computed, wasAdmitted }: Request, index: number): number {
    const own = sequence.numBlocks > 0;
    const taken = own ? sequence.numToBegin(length, computed) : sequence.mostBlocks(length);
    return taken + (wasAdmitted ? this.#spare(index) : 0);
  }

  /** Blocks that were free if those from `index` on did not run and nobody else who waits held any. */
  #freeWithout(request: Request, index: number): number {
    const others: BlockTables[] = [];
    for (let i = index; i < this.#running.list.length; i++) others.push(this.#running.list[i]!.sequence);
    for (const sequence of this.#forks.sequences()) if (sequence !== request.sequence) others.push(sequence);
    return this.#kvCache.freeBlocks + this.#kvCache.freedBy(others);
  }

  #fits(request: Request, index: number): boolean {
    return this.#running.freeRows > 0 && this.#hasBlocks(request, index);
  }

  #hasBlocks({ sequence, tokens, length, wasAdmitted, computed }: Request, index: number): boolean {
    // The whole length must fit, or as much of it as it ever holds, not only the first chunk. One that was preempted returns only when
    // each running request before it could take a block, too; otherwise they would push it out again in the next step.
    return sequence.fits(tokens, length, wasAdmitted ? this.#spare(index) : 0, computed);
  }

  /** A block for each of so many requests, in each of their tables. */
  #spare(requests: number): number {
    return requests * this.#kvCache.numGroups;
  }
}
