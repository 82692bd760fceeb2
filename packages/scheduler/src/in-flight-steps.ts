// Which requests sample in the steps that are launched and not yet updated.
import { assertInternal } from "@octavo/core";
import type { Request } from "./request.js";

/** Steps that may be launched and not updated: one that the device runs, one that it runs next. */
export const MAX_IN_FLIGHT = 2;

/** A request's share of a plan's prompt logprobs. */
interface ScoredPrompt {
  readonly request: Request;
  readonly first: number;
  readonly count: number;
}

/** The requests that a step samples for, in the plan's order, with how many samples each has. */
export class InFlightStep {
  /** In the plan's order; usually none. */
  readonly scoredPrompts: ScoredPrompt[] = [];
  readonly #requests: (Request | undefined)[];
  readonly #samples: Int32Array;
  #length = 0;

  constructor(maxRows: number) {
    this.#requests = new Array(maxRows).fill(undefined);
    this.#samples = new Int32Array(maxRows);
  }

  /** Requests that sample. */
  get length(): number {
    return this.#length;
  }

  /** @param samples one, and one more for each draft */
  add(request: Request, samples: number): void {
    this.#requests[this.#length] = request;
    this.#samples[this.#length++] = samples;
  }

  /** The request at an index below `length`. */
  request(index: number): Request {
    return this.#requests[index]!;
  }

  /** How many tokens are sampled for it. */
  samples(index: number): number {
    return this.#samples[index]!;
  }

  /** Forgets the requests, so that finished ones are not kept in memory. */
  clear(): void {
    for (let i = 0; i < this.#length; i++) this.#requests[i] = undefined;
    this.#length = 0;
    if (this.scoredPrompts.length > 0) this.scoredPrompts.length = 0;
  }
}

/** A queue of at most MAX_IN_FLIGHT steps, whose records are used again. */
export class InFlightSteps {
  readonly #steps: readonly InFlightStep[];
  #launched = 0;
  #updated = 0;

  constructor(maxRows: number) {
    this.#steps = Array.from({ length: MAX_IN_FLIGHT }, () => new InFlightStep(maxRows));
  }

  /** Launched steps so far. */
  get launched(): number {
    return this.#launched;
  }

  get length(): number {
    return this.#launched - this.#updated;
  }

  /** The record of the step being planned; `launch` puts it into the queue. */
  get next(): InFlightStep {
    assertInternal(
      this.length < MAX_IN_FLIGHT,
      `${this.length} steps are in flight: update one before scheduling another`,
    );
    return this.#steps[this.#launched % MAX_IN_FLIGHT]!;
  }

  launch(): void {
    this.#launched++;
  }

  get oldest(): InFlightStep {
    assertInternal(this.length > 0, "update without a launched step");
    return this.at(0);
  }

  /** The step at `index` from the oldest. */
  at(index: number): InFlightStep {
    return this.#steps[(this.#updated + index) % MAX_IN_FLIGHT]!;
  }

  /** Removes the oldest step. */
  complete(): void {
    this.oldest.clear();
    this.#updated++;
  }
}
