// Beam searches in progress. Whoever waits for requests, or ends them, means these as well, though between two steps they have none.
import { onAbort } from "./on-abort.js";

export class BeamSearches {
  readonly #running = new Map<Promise<unknown>, AbortController>();

  get size(): number {
    return this.#running.size;
  }

  /** Runs a search, which ends with `signal` or with {@link abortAll}. @param signal the user's */
  async run<Result>(search: (signal: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const own = new AbortController();
    if (signal?.aborted) own.abort();
    const forget = signal && onAbort(signal, () => own.abort());
    const running = search(own.signal);
    this.#running.set(running, own);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      forget?.();
    }
  }

  /** They end with what they have. */
  abortAll(): void {
    for (const own of this.#running.values()) own.abort();
  }

  /** Waits until those that are there have ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running.keys());
  }
}
