// The texts of one request on their way to the engine: while later ones are encoded, it computes the first.
import type { EmbeddingOutput, EmbedOptions, Prompt } from "@octavo/engine";
import type { ServerContext } from "../../context.js";
import { ApiError, CLIENT_CLOSED_REQUEST } from "../../errors/api-error.js";
import { RequestTimer } from "../../metrics/request-timer.js";
import { otherEvents } from "../../other-events.js";

/** Milliseconds of encoding after which other events get their turn, and the engine what there is. */
const TURN_MS = 4;
/** Batches that the engine has at once: while it computes one, the next one is there. */
const AHEAD = 2;

export class EmbeddingBatches {
  readonly #context: ServerContext;
  readonly #options: EmbedOptions;
  readonly #sent: Promise<EmbeddingOutput[]>[] = [];
  #prompts: Prompt[] = [];
  readonly #began = performance.now();
  #turnBegan = this.#began;

  constructor(context: ServerContext, options: EmbedOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** @throws what an earlier text failed with */
  async add(prompt: Prompt): Promise<void> {
    this.#prompts.push(prompt);
    if (performance.now() - this.#turnBegan < TURN_MS) return;
    this.#send();
    await otherEvents();
    // So that others' texts come between those of a long list.
    await this.#sent.at(-AHEAD);
    this.#turnBegan = performance.now();
  }

  /** The vectors of all texts, in their order. @throws what the engine throws */
  async outputs(): Promise<EmbeddingOutput[]> {
    this.#send();
    return (await Promise.all(this.#sent)).flat();
  }

  #send(): void {
    if (this.#prompts.length === 0) return;
    const sent = embed(this.#context, this.#prompts, this.#optionsNow());
    sent.catch(() => {}); // it may fail while later texts are still encoded; outputs() reports it
    this.#sent.push(sent);
    this.#prompts = [];
  }

  /** A deadline is the whole request's. */
  #optionsNow(): EmbedOptions {
    const { timeoutMs } = this.#options;
    if (timeoutMs === undefined) return this.#options;
    const passed = Math.floor(performance.now() - this.#began);
    return { ...this.#options, timeoutMs: Math.max(1, timeoutMs - passed) };
  }
}

/** Each text is measured as a request that generates no token. */
async function embed(
  { engine, metrics }: ServerContext,
  prompts: readonly Prompt[],
  options: EmbedOptions,
): Promise<EmbeddingOutput[]> {
  const timers = prompts.map(() => new RequestTimer(metrics));
  const finish = (reason: "stop" | "abort" | "error", outputs: readonly EmbeddingOutput[]) => {
    for (const [i, timer] of timers.entries()) {
      const promptTokens = outputs[i]?.promptTokenIds.length ?? 0;
      timer.finish(reason, { promptTokens, cachedTokens: 0, queueSeconds: 0 });
    }
  };
  try {
    const outputs = await engine.embed(prompts, options);
    finish("stop", outputs);
    return outputs;
  } catch (error) {
    const { signal } = options;
    finish(signal?.aborted ? "abort" : "error", []);
    if (!signal?.aborted) throw error;
    // When a client goes, the reason need not be an error, and Hono handles errors alone.
    const gone = new ApiError({ status: CLIENT_CLOSED_REQUEST, message: "The client has gone." });
    throw signal.reason instanceof ApiError ? signal.reason : gone;
  }
}
