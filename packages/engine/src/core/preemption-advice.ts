// Says what to change when memory is so short that requests are computed again and again.

const WINDOW_MS = 10_000;
/** Preemptions in a window from which on they are frequent. */
const FREQUENT = 10;
/** The same advice no sooner again. */
const INTERVAL_MS = 60_000;

export class PreemptionAdvice {
  readonly #now: () => number;
  /** The flags that give the KV cache more memory. */
  readonly #flags: string;
  readonly #warn: (text: string) => void;
  #windowStart: number;
  #atWindowStart = 0;
  #lastWarning = Number.NEGATIVE_INFINITY;

  /**
   * @param now ms
   * @param hasShare whether the cache's memory is a share of a GPU's
   * @param warn by default a warning of the process, which the server shows
   */
  constructor(now: () => number, hasShare: boolean, warn: (text: string) => void = emitWarning) {
    this.#now = now;
    this.#flags = `${hasShare ? "--gpu-memory-utilization or " : ""}--kv-cache-memory-bytes`;
    this.#warn = warn;
    this.#windowStart = now();
  }

  /** To be called after each step. @param numPreemptions for want of blocks, since the start */
  observe(numPreemptions: number): void {
    if (numPreemptions === this.#atWindowStart) return;
    const now = this.#now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#atWindowStart = numPreemptions - 1;
    }
    const count = numPreemptions - this.#atWindowStart;
    if (count < FREQUENT || now - this.#lastWarning < INTERVAL_MS) return;
    this.#lastWarning = now;
    this.#warn(
      `the KV cache is too small for what runs: ${count} requests lost their blocks in ${((now - this.#windowStart) / 1000).toFixed(1)} s ` +
        `and are computed again. Raise ${this.#flags}, or lower --max-num-seqs or ` +
        `--max-num-batched-tokens. (${numPreemptions} preemptions since the start, metric octavo:num_preemptions_total)`,
    );
  }
}

function emitWarning(text: string): void {
  process.emitWarning(text, { type: "OctavoWarning", code: "OCTAVO_PREEMPTIONS" });
}
