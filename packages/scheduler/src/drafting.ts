// Which running requests get drafts in a step, and how many: drafts take what is left of the step's tokens, samples and blocks
// after every running request could take one of each, so that they never delay or preempt anybody.
import type { StepPlan } from "@octavo/core";
import type { KvCacheManager } from "@octavo/kv-cache";
import type { DraftSource } from "./draft-source.js";
import type { Request } from "./request.js";

export class Drafting {
  readonly #source: DraftSource;
  readonly #kvCache: KvCacheManager;
  /** Those that get drafts in the step being planned; used again. */
  readonly #candidates: Request[] = [];

  constructor(source: DraftSource, kvCache: KvCacheManager) {
    this.#source = source;
    this.#kvCache = kvCache;
  }

  /** Gives drafts to those of `running` that can have some. @param budget tokens of the step */
  propose(plan: StepPlan, running: readonly Request[], budget: number): void {
    if (running.length === 0) return;
    this.#source.begin(running.length);
    const { maxSamples, maxRows } = plan.layout.capacity;
    let room = Math.min(budget - running.length, maxSamples - maxRows);
    let count = 0;
    for (let i = 0; i < running.length && room > 0; i++) {
      const request = running[i]!;
      // Several tokens behind: it comes from a prompt or a preemption, and has no step to gain yet.
      if (request.pending > 0 || request.length - request.computed !== 1) continue;
      if (request.exhausted || request.noDrafts || request.processLogits) continue;
      const wanted = this.#source.wants(request);
      if (wanted === 0) continue;
      // The last token that may be sampled needs no draft.
      const drafts = this.#withBlocks(
        request,
        Math.min(wanted, room, request.maxLength - request.length - 1),
        running.length,
      );
      if (drafts <= 0) continue;
      request.maxDrafts = drafts;
      request.reserve(drafts);
      this.#candidates[count++] = request;
      room -= drafts;
    }
    if (count > 0) this.#source.propose(this.#candidates, count);
  }

  /** After the running requests were planned: what did not get into the plan is forgotten. */
  settle(): void {
    for (let i = 0; i < this.#candidates.length; i++) {
      const request = this.#candidates[i]!;
      request.maxDrafts = 0;
      if (request.pending === 0) request.drafts = 0;
    }
    this.#candidates.length = 0;
  }

  /** Whether a request with a token in flight waits for it, because it is to have drafts then. */
  holds(request: Request): boolean {
    return !request.noDrafts && this.#source.holds(request);
  }

  verified(request: Request, drafts: number, accepted: number): void {
    this.#source.verified(request, drafts, accepted);
  }

  /** A request lost its row and blocks. What was proposed for the step being planned goes; what is in flight may still be right. */
  released(request: Request): void {
    if (request.pending === 0) request.drafts = 0;
    this.#source.released(request);
  }

  forget(request: Request): void {
    this.#source.forget(request);
  }

  /** Takes blocks in each table for up to `drafts`, leaving one for each of `numRunning`. @returns for how many they suffice */
  #withBlocks({ sequence, length, computed }: Request, drafts: number, numRunning: number): number {
    const { blockSize, numGroups } = this.#kvCache;
    sequence.slide(computed);
    const spare = Math.floor(this.#kvCache.freeBlocks / numGroups) - numRunning;
    const blocks = sequence.numBlocks + Math.max(0, spare);
    const fitting = Math.min(drafts, blocks * blockSize - length);
    return fitting > 0 && sequence.grow(length + fitting, computed) ? fitting : 0;
  }
}
