// One submitted request: the only place that talks to Engine.submit, reads its output and measures it.
import type { Engine, FinishReason, OutputChunk, RequestStream, SamplingParams } from "@octavo/engine";
import type { Metrics } from "../metrics/metrics.js";
import { RequestTimer, type RequestTimes } from "../metrics/request-timer.js";

/** Takes a chunk; a promise holds the next one back. */
export type ChunkHandler = (chunk: OutputChunk) => Promise<void> | undefined;

export class Generation {
  readonly promptTokens: number;
  completionTokens = 0;
  finishReason: FinishReason | null = null;
  stopReason: string | number | null = null;
  readonly #stream: RequestStream;
  readonly #timer: RequestTimer;

  constructor(engine: Engine, metrics: Metrics, prompt: ArrayLike<number>, params: SamplingParams) {
    this.#timer = new RequestTimer(metrics);
    this.#stream = engine.submit({ prompt, params });
    this.promptTokens = prompt.length;
  }

  get cachedTokens(): number {
    return this.#stream.numCachedTokens;
  }

  /** How long it took so far, for the log. */
  get times(): RequestTimes {
    return this.#timer.times;
  }

  abort(): void {
    this.#stream.abort();
  }

  /** Hands on every chunk until the request ends. @throws what the engine failed with */
  async run(onChunk: ChunkHandler): Promise<void> {
    let failed = true;
    try {
      for await (const chunk of this.#stream) {
        const count = chunk.tokenIds.length;
        if (count > 0) {
          this.#timer.tokens(count);
          this.completionTokens += count;
        }
        this.finishReason = chunk.finishReason;
        this.stopReason = chunk.stopReason;
        const written = onChunk(chunk);
        if (written) await written;
      }
      failed = false;
    } finally {
      const { promptTokens, cachedTokens } = this;
      const { queueSeconds } = this.#stream;
      const reason = failed ? "error" : (this.finishReason ?? "abort");
      this.#timer.finish(reason, { promptTokens, cachedTokens, queueSeconds });
    }
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
  metrics.paramsN.observe(1);
  if (params.maxTokens != null) metrics.paramsMaxTokens.observe(params.maxTokens);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return generations;
}
