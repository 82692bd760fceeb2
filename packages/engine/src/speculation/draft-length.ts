// How many drafts a request gets: as many as raise the tokens per second, by what was accepted so far and what steps cost here.
import type { DraftRequest } from "@octavo/scheduler";
import type { StepCosts } from "./step-costs.js";

/** What drafts may lose: this share of a request's tokens, and once this many tokens' time. */
const LOSS_SHARE = 0.015;
const FIRST_LOSS = 1;
/** What gains may save up for later losses, in tokens. */
const MOST_CREDIT = 8;
/** After so many steps with drafts comes one without, so that what a token costs stays known. */
const PLAIN_EVERY = 32;
/** How much of what was seen each further verification keeps. */
const KEPT = 0.9;
const KEPT_OF_ALL = 0.98;
/** All requests' rate counts as much as so many drafts of the request's own. */
const PRIOR_DRAFTS = 2;

/** Decayed counts of drafts that were right and of all that were decided: those after the first wrong one are not. */
class Acceptance {
  #right: number;
  #decided: number;
  readonly #kept: number;

  constructor(kept: number, right = 0, decided = 0) {
    this.#kept = kept;
    this.#right = right;
    this.#decided = decided;
  }

  add(drafts: number, accepted: number): void {
    this.#right = this.#kept * this.#right + accepted;
    this.#decided = this.#kept * this.#decided + Math.min(accepted + 1, drafts);
  }

  /** The chance that the next draft is right, `prior` being worth `weight` drafts. */
  rate(prior: number, weight: number): number {
    return (this.#right + weight * prior) / (this.#decided + weight);
  }
}

interface History {
  readonly acceptance: Acceptance;
  /** What drafts gained minus what they cost, and what they may lose, in tokens: no step may cost more than this. */
  credit: number;
  /** Tokens of the request when credit was given last. */
  length: number;
}

/**
 * Drafts are added while each brings more tokens than the time that it takes would bring without it (Dinkelbach's rule for the
 * largest ratio of tokens to time). Estimates err, so that each request has an account beside: what drafts lose stays below a
 * small share of its tokens, and that share pays for trying again when they seem not worth it.
 */
export class DraftLength {
  readonly #most: number;
  readonly #costs: StepCosts;
  readonly #all: Acceptance;
  readonly #histories = new Map<number, History>();
  #running = 0;
  /** Tokens of the step being planned, as far as it goes, and how many of them are expected to be right. */
  #tokens = 0;
  #expected = 0;
  /** Tokens per millisecond that a step is expected to give. */
  #rate = 0;
  /** Steps since the last one without drafts. */
  #sincePlain = 0;
  /** Whether a request of the step being planned was asked about. */
  #asked = false;
  /** Of the drafts chosen last, how many are expected to be right. */
  #chosen = 0;

  /** @param most drafts at once; @param firstRate acceptance that is expected before anything was verified */
  constructor(most: number, costs: StepCosts, firstRate: number) {
    this.#most = most;
    this.#costs = costs;
    this.#all = new Acceptance(KEPT_OF_ALL, 2 * firstRate, 2);
  }

  /** A step of so many requests is being planned. */
  begin(numRunning: number): void {
    const plain = this.#costs.of(numRunning);
    const isLike = numRunning === this.#running;
    // With two steps in flight there are plans for which nobody was asked; they say nothing.
    if (this.#asked) {
      const hadDrafts = this.#tokens > this.#running;
      this.#sincePlain = hadDrafts && this.#sincePlain < PLAIN_EVERY ? this.#sincePlain + 1 : 0;
      this.#asked = false;
    }
    this.#rate = plain === 0 ? 0 : numRunning / plain;
    if (isLike && this.#tokens > numRunning) {
      this.#rate = Math.max(this.#rate, this.#expected / this.#costs.of(this.#tokens));
    }
    this.#running = this.#tokens = this.#expected = numRunning;
  }

  /**
   * How many drafts the request should have in the step being planned; they count when they are {@link add}ed.
   * @param available how many there are at most
   * @param proposing milliseconds that making one takes
   */
  choose(request: DraftRequest, available: number, proposing: number): number {
    const history = this.#historyOf(request);
    const plain = this.#costs.of(this.#running);
    if (plain === 0 || this.#sincePlain === PLAIN_EVERY) return 0;
    const before = this.#costs.of(this.#tokens);
    const rate = history.acceptance.rate(this.#all.rate(0, 0), PRIOR_DRAFTS);
    const most = Math.min(available, this.#most);
    let chance = 1;
    let expected = 0;
    let best = 0;
    let bestGain = 0;
    let bestExpected = 0;
    for (let drafts = 1; drafts <= most; drafts++) {
      const time = Math.max(0, this.#costs.of(this.#tokens + drafts) - before) + drafts * proposing;
      if ((this.#running * time) / plain > history.credit) break;
      // One draft now and then shows whether they have become worth it.
      if (drafts === 1) best = 1;
      chance *= rate;
      expected += chance;
      const gain = expected - this.#rate * time;
      if (gain <= bestGain) continue;
      best = drafts;
      bestGain = gain;
      bestExpected = expected;
    }
    this.#chosen = bestExpected;
    return best;
  }

  /** The drafts chosen last are in the step; none may be. */
  add(drafts: number): void {
    this.#asked = true;
    this.#tokens += drafts;
    if (drafts > 0) this.#expected += this.#chosen;
  }

  /** `accepted` of so many drafts were right. */
  verified(request: DraftRequest, drafts: number, accepted: number, proposing: number): void {
    const history = this.#historyOf(request);
    history.acceptance.add(drafts, accepted);
    this.#all.add(drafts, accepted);
    history.credit = Math.min(MOST_CREDIT, history.credit + accepted - this.#lost(drafts, proposing));
  }

  forget(request: DraftRequest): void {
    this.#histories.delete(request.id);
  }

  /** Tokens that all running requests would get in the time that so many drafts of one take. */
  #lost(drafts: number, proposing: number): number {
    const plain = this.#costs.of(this.#running);
    if (plain === 0) return 0;
    const time = Math.max(0, this.#costs.of(this.#running + drafts) - plain) + drafts * proposing;
    return (this.#running * time) / plain;
  }

  #historyOf({ id, length }: DraftRequest): History {
    let history = this.#histories.get(id);
    if (!history) {
      history = { acceptance: new Acceptance(KEPT), credit: FIRST_LOSS, length };
      this.#histories.set(id, history);
    }
    history.credit = Math.min(MOST_CREDIT, history.credit + LOSS_SHARE * (length - history.length));
    history.length = length;
    return history;
  }
}
