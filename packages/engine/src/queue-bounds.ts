// How many requests, and how many tokens of prompts, the engine holds before it refuses more.
import { OctavoError } from "@octavo/core";
import type { EngineOptions } from "./engine-options.js";
import { wholeNumber } from "./option-values.js";

const DEFAULT_MAX_QUEUED = 4096;

export class QueueBounds {
  readonly #maxRequests: number;
  readonly #maxTokens: number;
  /** Prompt tokens of each request that has no output yet. */
  readonly #prompts = new Map<number, number>();
  #tokens = 0;

  constructor(options: EngineOptions) {
    this.#maxRequests = resolveMaxQueued(options);
    this.#maxTokens = resolveMaxQueuedTokens(options);
  }

  /**
   * Whether there is room for `count` outputs of a prompt. One that is longer than the bound has room when nobody else waits.
   * @param inFlight requests that run or wait
   */
  hasRoom(inFlight: number, count: number, promptTokens: number): boolean {
    return inFlight + count <= this.#maxRequests && !this.#exceedsTokens(promptTokens);
  }

  /** @throws QUEUE_FULL */
  check(inFlight: number, promptTokens: number): void {
    if (this.hasRoom(inFlight, 1, promptTokens)) return;
    const message =
      inFlight >= this.#maxRequests
        ? `${inFlight} requests are in flight, the limit is ${this.#maxRequests} (max_num_queued_reqs); try again later`
        : `${this.#tokens} prompt tokens wait, ${promptTokens} more would exceed the limit of ${this.#maxTokens} (max_num_queued_tokens); try again later`;
    throw new OctavoError({ code: "QUEUE_FULL", message });
  }

  /** A request was sent. */
  add(id: number, promptTokens: number): void {
    if (promptTokens === 0 || this.#maxTokens === Number.POSITIVE_INFINITY) return;
    this.#prompts.set(id, promptTokens);
    this.#tokens += promptTokens;
  }

  /** Its first output came, or it is over. */
  remove(id: number): void {
    if (this.#prompts.size === 0) return;
    this.#tokens -= this.#prompts.get(id) ?? 0;
    this.#prompts.delete(id);
  }

  #exceedsTokens(promptTokens: number): boolean {
    return promptTokens > 0 && this.#tokens > 0 && this.#tokens + promptTokens > this.#maxTokens;
  }
}

/** Requests that may be in flight. */
export function resolveMaxQueued({ maxNumQueuedReqs = DEFAULT_MAX_QUEUED }: EngineOptions): number {
  return wholeNumber("maxNumQueuedReqs", maxNumQueuedReqs, Number.MAX_SAFE_INTEGER);
}

/** Prompt tokens that may wait for their first token. */
export function resolveMaxQueuedTokens({ maxNumQueuedTokens }: EngineOptions): number {
  if (maxNumQueuedTokens === undefined) return Number.POSITIVE_INFINITY;
  return wholeNumber("maxNumQueuedTokens", maxNumQueuedTokens, Number.MAX_SAFE_INTEGER);
}
