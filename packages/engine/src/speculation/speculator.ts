// Speculative decoding's part of the engine: a proposer, the choice of how many drafts, and what became of them.
import type { StepPlan } from "@octavo/core";
import type { DraftRequest, DraftSource } from "@octavo/scheduler";
import { DraftLength } from "./draft-length.js";
import type { Proposer } from "./proposer.js";
import type { ResolvedSpeculation } from "./speculative-config.js";
import { StepCosts } from "./step-costs.js";

/** Of drafts that are copied from text, and of those that a model makes. */
const FIRST_RATES = { ngram: 0.7, suffix: 0.7, draft_model: 0.6, self: 0.4 } as const;
/** As in StepCosts. */
const FASTER = 0.25;
const SLOWER = 0.05;
/** Steps that may be launched and not collected. */
const MAX_STEPS = 2;

export class Speculator implements DraftSource, Disposable {
  readonly numSpeculativeTokens: number;
  /** Called before drafts are made, which may write into blocks that were just taken: what was in them is still to be copied. */
  onPropose: (() => void) | undefined;
  /** How often the draft at each position was right. */
  readonly acceptedPerPos: Float64Array;
  readonly #proposer: Proposer;
  readonly #adaptive: boolean;
  readonly #costs = new StepCosts();
  readonly #length: DraftLength;
  readonly #now: () => number;
  readonly #launchTimes = new Float64Array(MAX_STEPS);
  readonly #launchTokens = new Int32Array(MAX_STEPS);
  #launched = 0;
  #collected = 0;
  #collectedAt = 0;
  /** Requests that got drafts together last. */
  #numProposing = 1;
  /** Milliseconds that one draft of all proposing requests takes. */
  #proposing = 0;

  /** @param now milliseconds */
  constructor(config: ResolvedSpeculation, proposer: Proposer, now: () => number = () => performance.now()) {
    this.numSpeculativeTokens = config.numSpeculativeTokens;
    this.acceptedPerPos = new Float64Array(config.numSpeculativeTokens);
    this.#proposer = proposer;
    this.#adaptive = config.adaptive;
    this.#length = new DraftLength(config.numSpeculativeTokens, this.#costs, FIRST_RATES[config.method]);
    this.#now = now;
  }

  /** A planned step of so many tokens goes to the device. */
  launching(tokens: number): void {
    const at = this.#launched++ % MAX_STEPS;
    this.#launchTimes[at] = this.#now();
    this.#launchTokens[at] = tokens;
  }

  /** The oldest step that was launched is done. */
  collected(plan: StepPlan): void {
    const at = this.#collected++ % MAX_STEPS;
    const now = this.#now();
    // A step that waited for the one before it began when that one ended.
    const began = Math.max(this.#launchTimes[at]!, this.#collectedAt);
    this.#collectedAt = now;
    // Only what decodes: a prompt's tokens cost another time, and sample nothing.
    if (plan.numTokens === plan.numSamples) this.#costs.add(this.#launchTokens[at]!, now - began);
  }

  begin(numRunning: number): void {
    this.#length.begin(numRunning);
  }

  wants(request: DraftRequest): number {
    const drafts = this.#choose(request);
    this.#length.add(drafts);
    return drafts;
  }

  holds(request: DraftRequest): boolean {
    return this.#choose(request) > 0;
  }

  #choose(request: DraftRequest): number {
    const available = this.#proposer.available(request);
    if (available === 0) return 0;
    if (!this.#adaptive) return Math.min(available, this.numSpeculativeTokens);
    return this.#length.choose(request, available, this.#proposing / this.#numProposing);
  }

  propose(requests: readonly DraftRequest[], count: number): void {
    this.onPropose?.();
    const start = this.#now();
    this.#proposer.propose(requests, count);
    this.#numProposing = count;
    let longest = 0;
    for (let i = 0; i < count; i++) longest = Math.max(longest, requests[i]!.drafts);
    if (longest === 0) return;
    const time = (this.#now() - start) / longest;
    if (this.#proposing === 0) this.#proposing = time;
    else
      this.#proposing +=
        (time < this.#proposing ? FASTER : SLOWER) * (Math.min(time, 2 * this.#proposing) - this.#proposing);
  }

  verified(request: DraftRequest, drafts: number, accepted: number): void {
    this.#proposer.verified?.(request);
    for (let i = 0; i < accepted; i++) this.acceptedPerPos[i]!++;
    this.#length.verified(request, drafts, accepted, this.#proposing / this.#numProposing);
  }

  released(request: DraftRequest): void {
    this.#proposer.released?.(request);
  }

  forget(request: DraftRequest): void {
    this.#length.forget(request);
    this.#proposer.forget(request);
  }

  dispose(): void {
    this.#proposer[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
