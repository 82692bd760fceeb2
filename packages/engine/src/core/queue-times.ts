// How long requests waited before they were first scheduled. The scheduler has no clock; this has one.

/** int32 microseconds, some 35 minutes: what waits longer is past every histogram. */
const MAX_MICROSECONDS = 2 ** 31 - 1;

/** One entry a request, from its arrival to its first token. */
export class QueueTimes {
  readonly #now: () => number;
  readonly #arrivals = new Map<number, number>();
  readonly #waits = new Map<number, number>();

  /** @param now milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  arrived(id: number): void {
    this.#arrivals.set(id, this.#now());
  }

  admitted(id: number): void {
    const arrival = this.#arrivals.get(id);
    if (arrival === undefined) return;
    this.#arrivals.delete(id);
    this.#waits.set(id, Math.min(Math.round(1000 * (this.#now() - arrival)), MAX_MICROSECONDS));
  }

  /** Microseconds, once: with the request's first token. 0 from then on. */
  take(id: number): number {
    // Asked for every token; most steps have no first one.
    if (this.#waits.size === 0) return 0;
    const wait = this.#waits.get(id);
    if (wait === undefined) return 0;
    this.#waits.delete(id);
    return wait;
  }

  /** The request is over. */
  forget(id: number): void {
    this.#arrivals.delete(id);
    this.#waits.delete(id);
  }
}
