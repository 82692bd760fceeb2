// Beam searches in progress. Whoever waits for requests, or ends them, means these as well, though between two steps they have none.

export class BeamSearches {
  readonly #running = new Map<Promise<unknown>, AbortController>();

  get size(): number {
    return this.#running.size;
  }

  /** Runs a search, which ends with `signal` or with {@link abortAll}. @param signal the user's */
  async run<Result>(search: (signal: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const own = new AbortController();
    const abort = () => own.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    const running = search(own.signal);
    this.#running.set(running, own);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      // A signal may outlive many searches.
      signal?.removeEventListener("abort", abort);
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
