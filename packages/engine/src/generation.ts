// The result of LLM.generate and LLM.chat: await it for the whole output, or iterate it for the pieces.
import { OctavoError } from "@octavo/core";
import { type Choices, cumulativeLogprob, highestCumulative, ONE_CHOICE } from "./choices.js";
import type { FinishReason, OutputChunk, PositionLogprobs, RequestStream } from "./engine.js";

/** One of the outputs of a request. */
export interface CompletionOutput {
  /** From 0 to `n` - 1. */
  readonly index: number;
  /** Without special tokens and stop string, unless the request asks for them. */
  readonly text: string;
  /** Sampled tokens, end and stop tokens included. */
  readonly tokenIds: readonly number[];
  /** One for each of `tokenIds`; null where the request did not ask for them. */
  readonly logprobs: readonly PositionLogprobs[] | null;
  /** The sum of the tokens' logprobs; null where the request asked neither for logprobs nor for `bestOf` above `n`. */
  readonly cumulativeLogprob: number | null;
  /** Why it ended. */
  readonly finishReason: FinishReason;
  /** The stop string or stop token id that ended it; null for an end token, or when not stopped. */
  readonly stopReason: string | number | null;
  /** The engine's `weightVersion` when its last token came. */
  readonly weightVersion: string;
}

/** A finished request, with its first output (the only one, unless `n` was more than 1) as its own. */
export interface RequestOutput extends Omit<CompletionOutput, "index"> {
  /** All `n`. */
  readonly outputs: readonly CompletionOutput[];
  /** As the model saw the prompt. */
  readonly promptTokenIds: Int32Array;
  /** One for each prompt token, the first one null; null where the request did not ask for them. */
  readonly promptLogprobs: readonly (PositionLogprobs | null)[] | null;
  /** Prompt tokens that the prefix cache had. */
  readonly numCachedTokens: number;
}

/**
 * A running request. `await` gives the {@link RequestOutput}; `for await` gives {@link OutputChunk}s as they come, and
 * leaving that loop aborts the request. Choose one of the two.
 */
export class Generation implements PromiseLike<RequestOutput>, AsyncIterable<OutputChunk> {
  readonly #stream: RequestStream;
  readonly #choices: Choices;
  #output: Promise<RequestOutput> | undefined;
  #iterated = false;

  /** @param choices the outputs that `stream` has */
  constructor(stream: RequestStream, choices: Choices = ONE_CHOICE) {
    this.#stream = stream;
    this.#choices = choices;
  }

  /** Ends the request; what came so far is its output. */
  abort(): void {
    this.#stream.abort();
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    if (this.#iterated || this.#output) throw consumedTwice();
    if (this.#choices.ranks) throw notStreamed();
    this.#iterated = true;
    return this.#stream[Symbol.asyncIterator]();
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a generation is its purpose.
  then<A = RequestOutput, B = never>(
    onFulfilled?: ((output: RequestOutput) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#output ??= this.#iterated ? Promise.reject(consumedTwice()) : collectOutput(this.#stream, this.#choices);
    return this.#output.then(onFulfilled, onRejected);
  }

  /** As of a promise of the output. */
  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<RequestOutput | B> {
    return this.then(null, onRejected);
  }

  /** As of a promise of the output. */
  finally(onFinally?: (() => void) | null): Promise<RequestOutput> {
    return this.then().finally(onFinally);
  }
}

function consumedTwice(): OctavoError {
  const message = "a generation can be awaited or iterated once, not both: its chunks are gone; call generate again";
  return new OctavoError({ code: "INVALID_ARGUMENT", message });
}

function notStreamed(): OctavoError {
  const message =
    "best_of above n cannot be streamed: which outputs are best is known at the end; await the generation";
  return new OctavoError({ code: "INVALID_ARGUMENT", message, param: "best_of" });
}

/** Reads a stream to its end. @param choices the outputs that it has */
export async function collectOutput(stream: RequestStream, choices: Choices = ONE_CHOICE): Promise<RequestOutput> {
  const chunks = Array.from({ length: choices.bestOf }, (): OutputChunk[] => []);
  for await (const chunk of stream) chunks[chunk.index]!.push(chunk);
  const outputs = best(chunks.map(joinChunks), choices);
  const { index: _, ...first } = outputs[0]!;
  const { promptTokenIds, promptLogprobs, numCachedTokens } = stream;
  return { ...first, outputs, promptTokenIds, promptLogprobs, numCachedTokens };
}

/** The outputs that are returned, in the order of their rank where they were ranked. */
function best(outputs: readonly CompletionOutput[], choices: Choices): readonly CompletionOutput[] {
  if (!choices.ranks) return outputs;
  return highestCumulative(outputs, choices.n).map((output, index) => {
    return { ...output, index, ...(choices.ranks === "silently" && { logprobs: null }) };
  });
}

function joinChunks(chunks: readonly OutputChunk[], index: number): CompletionOutput {
  const last = chunks.at(-1);
  const logprobs = chunks[0]?.logprobs ? chunks.flatMap(({ logprobs }) => logprobs ?? []) : null;
  return {
    index,
    text: chunks.map(({ text }) => text).join(""),
    tokenIds: chunks.flatMap(({ tokenIds }) => tokenIds),
    logprobs,
    cumulativeLogprob: logprobs && cumulativeLogprob(logprobs),
    finishReason: last?.finishReason ?? "abort",
    stopReason: last?.stopReason ?? null,
    weightVersion: last?.weightVersion ?? "default",
  };
}
