// Several outputs of one prompt as one stream: their chunks in the order in which they come.
import type { OutputChunk, RequestStream } from "./engine.js";

/** The streams of a request with `n` above 1. When one fails, or the loop over them is left, all end. */
export class ChoicesStream implements RequestStream {
  readonly #choices: readonly RequestStream[];

  /** @param choices one at least, in the order of their indices */
  constructor(choices: readonly RequestStream[]) {
    this.#choices = choices;
  }

  get promptTokenIds(): Int32Array {
    return this.#choices[0]!.promptTokenIds;
  }

  get promptLogprobs(): RequestStream["promptLogprobs"] {
    return this.#choices[0]!.promptLogprobs;
  }

  /** Of the first choice; the others share its prompt anyway. */
  get numCachedTokens(): number {
    return this.#choices[0]!.numCachedTokens;
  }

  /** Until the first choice was scheduled. */
  get queueSeconds(): number {
    return this.#choices[0]!.queueSeconds;
  }

  abort(): void {
    for (const choice of this.#choices) choice.abort();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    const chunks: OutputChunk[] = [];
    let running = this.#choices.length;
    // The first one's prompt logprobs are those of all, and complete with its first chunk; the others may overtake it.
    let begun = this.promptLogprobs === null;
    let failure: { error: unknown } | undefined;
    let wake = () => {};
    const pump = async (choice: RequestStream) => {
      try {
        for await (const chunk of choice) {
          chunks.push(chunk);
          if (choice === this.#choices[0]) begun = true;
          wake();
        }
      } catch (error) {
        failure ??= { error };
      }
      running--;
      wake();
    };
    try {
      for (const choice of this.#choices) void pump(choice);
      for (;;) {
        if (begun) yield* chunks.splice(0);
        if (failure) throw failure.error;
        if (begun && chunks.length > 0) continue;
        if (running === 0) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.abort();
    }
  }
}
