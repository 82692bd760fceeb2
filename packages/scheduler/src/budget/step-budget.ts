// How many tokens each request gets in a step: the budget, and what keeps long prompts from taking all of it.
import type { Request } from "../request.js";
import type { SchedulerConfig } from "../scheduler-config.js";
import { LatencyTarget } from "./latency-target.js";

/** vLLM's threshold of a long prompt where several may be partial and none is given: a share of the longest sequence. */
const LONG_SHARE = 0.04;

export class StepBudget {
  readonly latency: LatencyTarget | undefined;
  readonly #maxTokens: number;
  readonly #threshold: number;
  readonly #maxPartial: number;
  readonly #maxLong: number;
  #left = 0;
  /** Requests that will have a part of their prompt left after this step, as far as it is planned, and long ones of them. */
  #partial = 0;
  #long = 0;

  constructor(config: Required<SchedulerConfig>) {
    const { maxNumBatchedTokens, maxModelLen, maxNumPartialPrefills, maxLongPartialPrefills } = config;
    const { longPrefillTokenThreshold, maxInterTokenLatencyMs, enableChunkedPrefill, now } = config;
    const isShared = Number.isFinite(maxNumPartialPrefills) && maxNumPartialPrefills > 1;
    this.#maxTokens = maxNumBatchedTokens;
    this.#threshold =
      longPrefillTokenThreshold > 0
        ? longPrefillTokenThreshold
        : isShared
          ? Math.max(1, Math.floor(LONG_SHARE * maxModelLen))
          : Number.POSITIVE_INFINITY;
    this.#maxPartial = enableChunkedPrefill ? maxNumPartialPrefills : 0;
    this.#maxLong = Math.min(maxLongPartialPrefills, this.#maxPartial);
    if (maxInterTokenLatencyMs > 0) this.latency = new LatencyTarget(maxInterTokenLatencyMs, now);
  }

  /** Tokens that are not planned yet. */
  get left(): number {
    return this.#left;
  }

  get spent(): number {
    return this.#maxTokens - this.#left;
  }

  /** Whether prompts of so many tokens may have to let shorter ones pass. */
  isLong(promptLength: number): boolean {
    return this.#maxLong < this.#maxPartial && promptLength > this.#threshold;
  }

  /** A new step, before anything is planned. */
  begin(running: readonly Request[]): void {
    this.#left = this.#maxTokens;
    this.#partial = this.#long = 0;
    if (Number.isFinite(this.#maxPartial)) for (let i = 0; i < running.length; i++) this.#count(running[i]!, 1);
    this.latency?.begin(running);
  }

  /** Tokens that a running request computes now; 0: none in this step. */
  chunk(request: Request): number {
    if (request.exhausted || (request.processLogits && request.pending > 0)) return 0;
    const { target, computed, longestChunk } = request;
    const chunk = Math.min(target - computed, this.#threshold, this.#left, longestChunk);
    return this.latency ? this.latency.limit(request, chunk) : chunk;
  }

  /** Whether a waiting request may begin: it completes its prompt now, or one more may be partial; and there is time. */
  canBegin(request: Request): boolean {
    if (this.latency && !this.latency.hasRoom) return false;
    if (this.#partial < this.#maxPartial && (!request.isLong || this.#long < this.#maxLong)) return true;
    return request.length <= Math.min(this.#threshold, this.#left);
  }

  /** `chunk` tokens of `request` get into the step; to be told before its `computed` changes. */
  spend(request: Request, chunk: number, isNew: boolean): void {
    this.#left -= chunk;
    this.latency?.spend(request, chunk);
    if (!Number.isFinite(this.#maxPartial)) return;
    if (!isNew) this.#count(request, -1);
    if (request.computed + chunk < request.target) this.#count(request, 1);
  }

  #count(request: Request, difference: number): void {
    if (request.computed >= request.length - 1) return;
    this.#partial += difference;
    if (request.isLong) this.#long += difference;
  }
}
