// One submitted request: the only place that talks to Engine.submit, reads its output and measures it.
import type { Engine, FinishReason, RequestOptions, RequestStream, SamplingParams } from "@octavo/engine";
import type { Metrics } from "../metrics/metrics.js";
import { RequestTimer, type RequestTimes } from "../metrics/request-timer.js";
import { type Echo, type ReplyChunk, withPrompt } from "./echo.js";

/** Takes a chunk; a promise holds the next one back. */
export type ChunkHandler = (chunk: ReplyChunk) => Promise<void> | undefined;

/** One prompt of a request, for all of its choices. */
export interface PromptJob {
  readonly prompt: Int32Array;
  /** Set where the prompt is part of the reply. */
  readonly echo?: Echo | undefined;
}

export class Generation {
  /** The choices of one prompt share it. */
  readonly job: PromptJob;
  completionTokens = 0;
  finishReason: FinishReason | null = null;
  stopReason: string | number | null = null;
  /** Of the weights that gave the last token so far. */
  weightVersion: string;
  readonly #stream: RequestStream;
  readonly #timer: RequestTimer;
  /** The one for choice 0, itself for that. */
  readonly #first: Generation;
  #begin = () => {};
  /** Its first chunk has come, or it is over. */
  readonly #begun = new Promise<void>((resolve) => {
    this.#begin = resolve;
  });

  /**
   * @param choice which of the outputs for this prompt
   * @param first the one for choice 0, which computes and scores the prompt for all of them
   */
  constructor(
    engine: Engine,
    metrics: Metrics,
    job: PromptJob,
    params: SamplingParams,
    choice: number,
    options: RequestOptions,
    first?: Generation,
  ) {
    this.#timer = new RequestTimer(metrics);
    this.#first = first ?? this;
    const own = first && params.promptLogprobs != null ? { ...params, promptLogprobs: null } : params;
    const forkOf = first && { forkOf: first.#stream };
    this.#stream = engine.submit({ ...options, prompt: job.prompt, params: own, choice, ...forkOf });
    this.weightVersion = engine.weightVersion;
    this.job = job;
  }

  get promptTokens(): number {
    return this.job.prompt.length;
  }

  /** Complete when the first chunk has come. */
  get promptLogprobs(): RequestStream["promptLogprobs"] {
    return this.#first.#stream.promptLogprobs;
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
    let echo = this.job.echo;
    try {
      for await (const chunk of this.#stream) {
        this.#begin();
        if (this.promptLogprobs) await this.#first.#begun;
        const reply = echo ? withPrompt(chunk, echo, this.job.prompt, this.promptLogprobs) : chunk;
        echo = undefined;
        const count = reply.tokenIds.length;
        if (count > 0) {
          this.#timer.tokens(count);
          this.completionTokens += count;
        }
        this.finishReason = reply.finishReason;
        this.stopReason = reply.stopReason;
        this.weightVersion = reply.weightVersion;
        const written = onChunk(reply);
        if (written) await written;
      }
      failed = false;
    } finally {
      this.#begin();
      const { promptTokens, cachedTokens } = this;
      const { queueSeconds } = this.#stream;
      const reason = failed ? "error" : (this.finishReason ?? "abort");
      this.#timer.finish(reason, { promptTokens, cachedTokens, queueSeconds });
    }
  }
}

/**
 * `n` generations a prompt, side by side; all or none. All are aborted with `signal`, by one listener: a signal warns at the eleventh.
 * @throws what Engine.submit throws, after aborting those already submitted
 */
export function submitAll(
  engine: Engine,
  metrics: Metrics,
  jobs: readonly PromptJob[],
  params: SamplingParams,
  n: number,
  options: RequestOptions,
  signal: AbortSignal,
): Generation[] {
  const generations: Generation[] = [];
  const abort = () => {
    for (const generation of generations) generation.abort();
  };
  try {
    for (const job of jobs) {
      const first = new Generation(engine, metrics, job, params, 0, options);
      generations.push(first);
      for (let choice = 1; choice < n; choice++) {
        generations.push(new Generation(engine, metrics, job, params, choice, options, first));
      }
    }
  } catch (error) {
    abort();
    throw error;
  }
  metrics.paramsN.observe(n);
  if (params.maxTokens != null) metrics.paramsMaxTokens.observe(params.maxTokens);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return generations;
}
