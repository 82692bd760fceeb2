// Keeps steps short while others wait for their next token: prompts get as many tokens as the time allows.
import type { Request } from "../request.js";
import { pairsOf, StepCostModel } from "./step-cost-model.js";

/** A prompt that is in turn gets so many tokens at least: it must get on, even where decoding alone takes too long. */
const LEAST_TOKENS = 8;

/** A chunk may be so many times the largest that was measured: the model is not trusted far beyond what it saw. */
const GROWTH = 2;

/** Mean errors of the model that are kept as a margin, and the share of the target that it is at most. */
const MARGIN_ERRORS = 3;
const MOST_MARGIN = 0.5;

/** What a launched step consisted of, and when. Two are kept, for the two that may be in flight. */
class LaunchedStep {
  rows = 0;
  extraTokens = 0;
  pairs = 0;
  launchedAt = 0;
}

export class LatencyTarget {
  readonly model = new StepCostModel();
  readonly #targetMs: number;
  readonly #now: () => number;
  readonly #steps = [new LaunchedStep(), new LaunchedStep()] as const;
  #launched = 0;
  #updated = 0;
  #lastUpdateAt = 0;
  /** ms that prompts may still take in the step being planned; infinite while nobody waits for a token. */
  #left = Number.POSITIVE_INFINITY;
  #hasPrompt = false;
  #largestSeen = LEAST_TOKENS;

  /** @param now ms */
  constructor(targetMs: number, now: () => number) {
    this.#targetMs = targetMs;
    this.#now = now;
  }

  /** Before a step is planned. */
  begin(running: readonly Request[]): void {
    let rows = 0;
    let pairs = 0;
    for (let i = 0; i < running.length; i++) {
      const request = running[i]!;
      if (request.exhausted || isPrompt(request)) continue;
      rows++;
      pairs += pairsOf(request.target - request.computed, request.computed);
    }
    const step = this.#steps[this.#launched & 1]!;
    step.rows = step.extraTokens = step.pairs = 0;
    this.#hasPrompt = false;
    if (rows === 0) {
      this.#left = Number.POSITIVE_INFINITY;
      return;
    }
    const margin = Math.min(MARGIN_ERRORS * this.model.meanError, MOST_MARGIN);
    this.#left = this.#targetMs * (1 - margin) - this.model.predict(rows, 0, pairs);
  }

  /** Whether a further prompt could get a token. */
  get hasRoom(): boolean {
    return !this.#hasPrompt || this.model.tokensWithin(this.#left, 0, false) > 0;
  }

  /** `chunk`, or as much of it as the time allows; 0: none. */
  limit(request: Request, chunk: number): number {
    if (this.#left === Number.POSITIVE_INFINITY || !isPrompt(request)) return chunk;
    let most = this.model.tokensWithin(this.#left, request.computed, !this.#hasPrompt);
    if (!this.#hasPrompt && most < LEAST_TOKENS) most = LEAST_TOKENS;
    return Math.min(chunk, most, GROWTH * this.#largestSeen);
  }

  /** `chunk` tokens of `request` are in the step. */
  spend(request: Request, chunk: number): void {
    const step = this.#steps[this.#launched & 1]!;
    step.rows++;
    step.extraTokens += chunk - 1;
    step.pairs += pairsOf(chunk, request.computed);
    if (!isPrompt(request)) return;
    this.#left -= this.model.rowCost(chunk, request.computed, !this.#hasPrompt);
    this.#hasPrompt = true;
  }

  /** The step is launched. */
  launch(): void {
    this.#steps[this.#launched & 1]!.launchedAt = this.#now();
    this.#launched++;
  }

  /** The oldest launched step is done. It took the time since its launch, or since the step before was done, if that was later. */
  complete(): void {
    const now = this.#now();
    const { rows, extraTokens, pairs, launchedAt } = this.#steps[this.#updated & 1]!;
    this.#updated++;
    this.model.observe(rows, extraTokens, pairs, now - Math.max(launchedAt, this.#lastUpdateAt));
    this.#lastUpdateAt = now;
    if (extraTokens > this.#largestSeen) this.#largestSeen = extraTokens;
  }
}

/** Whether it has more to compute than what its next token needs: its prompt, or what a preemption threw away. */
function isPrompt(request: Request): boolean {
  return request.computed < request.length - 1;
}
