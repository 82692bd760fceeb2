// One submitted request: the only place that talks to Engine.submit, reads its output and measures it.
import type { Engine, FinishReason, OutputChunk, RequestStream, SamplingParams } from "@octavo/engine";
import type { FinishedReason, Metrics } from "../metrics/metrics.js";

/** Takes a chunk; a promise holds the next one back. */
export type ChunkHandler = (chunk: OutputChunk) => Promise<void> | undefined;

export class Generation {
  readonly promptTokens: number;
  completionTokens = 0;
  finishReason: FinishReason | null = null;
  stopReason: string | number | null = null;
  readonly #stream: RequestStream;
  readonly #metrics: Metrics;
  readonly #submitted = performance.now();

  constructor(engine: Engine, metrics: Metrics, prompt: ArrayLike<number>, params: SamplingParams) {
    this.#stream = engine.submit({ prompt, params });
    this.#metrics = metrics;
    this.promptTokens = prompt.length;
  }

  get cachedTokens(): number {
    return this.#stream.numCachedTokens;
  }

  abort(): void {
    this.#stream.abort();
  }

  /** Hands on every chunk until the request ends. @throws what the engine failed with */
  async run(onChunk: ChunkHandler): Promise<void> {
    const metrics = this.#metrics;
    let previous = this.#submitted;
    let failed = true;
    try {
      for await (const chunk of this.#stream) {
        const count = chunk.tokenIds.length;
        if (count > 0) {
          const now = performance.now();
          const histogram = this.completionTokens === 0 ? metrics.timeToFirstToken : metrics.interTokenLatency;
          histogram.observe((now - previous) / 1000);
          previous = now;
          this.completionTokens += count;
        }
        this.finishReason = chunk.finishReason;
        this.stopReason = chunk.stopReason;
        const written = onChunk(chunk);
        if (written) await written;
      }
      failed = false;
    } finally {
      this.#finish(failed ? "error" : (this.finishReason ?? "abort"));
    }
  }

  #finish(reason: FinishedReason): void {
    const metrics = this.#metrics;
    metrics.requestSuccess.inc({ finished_reason: reason });
    metrics.e2eLatency.observe((performance.now() - this.#submitted) / 1000);
    metrics.promptTokens.observe(this.promptTokens);
    metrics.generationTokens.observe(this.completionTokens);
  }
}

/**
 * One generation a prompt; all or none. All are aborted with `signal`, by one listener: a signal warns at the eleventh.
 * @throws what Engine.submit throws, after aborting those already submitted
 */
export function submitAll(
  engine: Engine,
  metrics: Metrics,
  prompts: readonly ArrayLike<number>[],
  params: SamplingParams,
  signal: AbortSignal,
): Generation[] {
  const generations: Generation[] = [];
  const abort = () => {
    for (const generation of generations) generation.abort();
  };
  try {
    for (const prompt of prompts) generations.push(new Generation(engine, metrics, prompt, params));
  } catch (error) {
    abort();
    throw error;
  }
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return generations;
}
