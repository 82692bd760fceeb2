// Measures one request, from its submission to its end, under vLLM's names and in its sense.
import type { FinishedReason, Metrics } from "./metrics.js";

/** What is known of a request when it ends. */
export interface RequestFacts {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly queueSeconds: number;
}

/** Seconds of one request, for logs. Undefined where it did not get that far. */
export interface RequestTimes {
  readonly queue: number | undefined;
  readonly timeToFirstToken: number | undefined;
  readonly total: number;
}

export class RequestTimer {
  readonly #metrics: Metrics;
  readonly #submitted = performance.now();
  #first = 0;
  #last = 0;
  #tokens = 0;
  #queueSeconds = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Some tokens have come. */
  tokens(count: number): void {
    const now = performance.now();
    if (this.#tokens === 0) {
      this.#first = now;
      this.#metrics.timeToFirstToken.observe((now - this.#submitted) / 1000);
    } else {
      this.#metrics.interTokenLatency.observe((now - this.#last) / 1000);
    }
    this.#last = now;
    this.#tokens += count;
  }

  get times(): RequestTimes {
    const started = this.#tokens > 0;
    return {
      queue: started ? this.#queueSeconds : undefined,
      timeToFirstToken: started ? (this.#first - this.#submitted) / 1000 : undefined,
      total: ((started ? this.#last : performance.now()) - this.#submitted) / 1000,
    };
  }

  finish(reason: FinishedReason, { promptTokens, cachedTokens, queueSeconds }: RequestFacts): void {
    const metrics = this.#metrics;
    metrics.requestSuccess.inc({ finished_reason: reason });
    metrics.e2eLatency.observe((performance.now() - this.#submitted) / 1000);
    metrics.promptTokens.observe(promptTokens);
    metrics.generationTokens.observe(this.#tokens);
    metrics.maxTokens.observe(this.#tokens);
    // One that never ran has no parts.
    if (this.#tokens === 0) return;
    const decode = (this.#last - this.#first) / 1000;
    const untilFirst = (this.#first - this.#submitted) / 1000;
    // Measured on two threads: the wait can seem a little longer than all.
    const queue = Math.min(queueSeconds, untilFirst);
    this.#queueSeconds = queue;
    metrics.queueTime.observe(queue);
    metrics.prefillTime.observe(untilFirst - queue);
    metrics.decodeTime.observe(decode);
    metrics.inferenceTime.observe(untilFirst - queue + decode);
    if (this.#tokens > 1) metrics.timePerOutputToken.observe(decode / (this.#tokens - 1));
    metrics.prefillComputedTokens.observe(promptTokens - cachedTokens);
    metrics.promptTokensBySource.inc({ source: "local_compute" }, promptTokens - cachedTokens);
    metrics.promptTokensBySource.inc({ source: "local_cache_hit" }, cachedTokens);
  }
}
