// How long a step takes, by its tokens: measured while serving, so that drafts are verified only where that pays here and now.

/** How much of what was seen each further step keeps: some 50 steps count. */
const KEPT = 0.98;
/** A step counts as so much longer than expected at most: something else may have held it up. */
const MOST_LONGER = 1.5;
/** Before steps of different sizes were measured: a token costs half of its share of a step. That counts as one step one token off. */
const ASSUMED_SHARE = 0.5;
const ASSUMED_WEIGHT = 1;
/** What a step takes at least, of the usual one, whatever the line says. */
const LEAST = 0.05;

/**
 * Milliseconds of steps in which every token samples, as a line through the last steps: reading weights takes the same time for any
 * number of tokens, computing with them takes time for each.
 */
export class StepCosts {
  #weight = 0;
  #tokens = 0;
  #time = 0;
  /** Sums of squares and products about the means. */
  #spread = 0;
  #covered = 0;

  /** A step of so many tokens took so long. */
  add(tokens: number, milliseconds: number): void {
    const time = this.#weight === 0 ? milliseconds : Math.min(milliseconds, MOST_LONGER * this.of(tokens));
    this.#weight = KEPT * this.#weight + 1;
    const fromTokens = tokens - this.#tokens;
    const fromTime = time - this.#time;
    this.#tokens += fromTokens / this.#weight;
    this.#time += fromTime / this.#weight;
    this.#spread = KEPT * this.#spread + fromTokens * (tokens - this.#tokens);
    this.#covered = KEPT * this.#covered + fromTokens * (time - this.#time);
  }

  /** What a step of so many tokens should take; 0 while nothing is known. */
  of(tokens: number): number {
    if (this.#weight === 0) return 0;
    const share = this.#time / this.#tokens;
    const slope = (this.#covered + ASSUMED_WEIGHT * ASSUMED_SHARE * share) / (this.#spread + ASSUMED_WEIGHT);
    const line = this.#time + Math.min(Math.max(slope, 0), share) * (tokens - this.#tokens);
    return Math.max(line, LEAST * this.#time);
  }
}
