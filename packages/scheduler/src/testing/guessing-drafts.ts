// Drafts that are right as often as a test wants: made from what the requests are going to sample.
import type { DraftRequest, DraftSource } from "../draft-source.js";

/** Knows the outputs beforehand and gets some of their tokens wrong. */
export class GuessingDrafts implements DraftSource {
  readonly numSpeculativeTokens: number;
  readonly #outputOf: (id: number) => ArrayLike<number> | undefined;
  readonly #random: (low: number, high: number) => number;
  readonly #percentRight: number;

  /**
   * @param outputOf all tokens that the request of this id will sample
   * @param random whole numbers, both bounds included
   * @param percentRight of the drafts; the others are one too high
   */
  constructor(
    numSpeculativeTokens: number,
    outputOf: (id: number) => ArrayLike<number> | undefined,
    random: (low: number, high: number) => number,
    percentRight: number,
  ) {
    this.numSpeculativeTokens = numSpeculativeTokens;
    this.#outputOf = outputOf;
    this.#random = random;
    this.#percentRight = percentRight;
  }

  begin(): void {}

  wants(): number {
    return this.#random(0, this.numSpeculativeTokens);
  }

  holds(): boolean {
    return this.#random(0, 1) === 1;
  }

  propose(requests: readonly DraftRequest[], count: number): void {
    for (const request of requests.slice(0, count)) {
      const output = this.#outputOf(request.id);
      for (let drafts = this.#random(0, request.maxDrafts); drafts > 0; drafts--) {
        const next = output?.[request.length - request.promptLength + request.drafts] ?? 0;
        request.addDraft(next + (this.#random(1, 100) <= this.#percentRight ? 0 : 1));
      }
    }
  }

  verified(): void {}
  released(): void {}
  forget(): void {}
}
