// The result of LLM.generate and LLM.chat: await it for the whole output, or iterate it for the pieces.
import { OctavoError } from "@octavo/core";
import type { FinishReason, OutputChunk, PositionLogprobs, RequestStream } from "./engine.js";

/** One of the outputs of a request. */
export interface CompletionOutput {
  /** From 0 to `n` - 1. */
  readonly index: number;
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** One for each of `tokenIds`; null where the request did not ask for them. */
  readonly logprobs: readonly PositionLogprobs[] | null;
  readonly finishReason: FinishReason;
  readonly stopReason: string | number | null;
  /** The engine's `weightVersion` when its last token came. */
  readonly weightVersion: string;
}

/** A finished request, with its first output (the only one, unless `n` was more than 1) as its own. */
export interface RequestOutput extends Omit<CompletionOutput, "index"> {
  /** All `n`. */
  readonly outputs: readonly CompletionOutput[];
  readonly promptTokenIds: Int32Array;
  /** One for each prompt token, the first one null; null where the request did not ask for them. */
  readonly promptLogprobs: readonly (PositionLogprobs | null)[] | null;
  readonly numCachedTokens: number;
}

/**
 * A running request. `await` gives the {@link RequestOutput}; `for await` gives {@link OutputChunk}s as they come, and
 * leaving that loop aborts the request. Choose one of the two.
 */
export class Generation implements PromiseLike<RequestOutput>, AsyncIterable<OutputChunk> {
  readonly #stream: RequestStream;
  readonly #n: number;
  #output: Promise<RequestOutput> | undefined;
  #iterated = false;

  /** @param n the outputs that `stream` has */
  constructor(stream: RequestStream, n = 1) {
    this.#stream = stream;
    this.#n = n;
  }

  abort(): void {
    this.#stream.abort();
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    if (this.#iterated || this.#output) throw consumedTwice();
    this.#iterated = true;
    return this.#stream[Symbol.asyncIterator]();
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a generation is its purpose.
  then<A = RequestOutput, B = never>(
    onFulfilled?: ((output: RequestOutput) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#output ??= this.#iterated ? Promise.reject(consumedTwice()) : collectOutput(this.#stream, this.#n);
    return this.#output.then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<RequestOutput | B> {
    return this.then(null, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<RequestOutput> {
    return this.then().finally(onFinally);
  }
}

function consumedTwice(): OctavoError {
  const message = "a generation can be awaited or iterated once, not both: its chunks are gone; call generate again";
  return new OctavoError({ code: "INVALID_ARGUMENT", message });
}

/** Reads a stream to its end. @param n the outputs that it has */
export async function collectOutput(stream: RequestStream, n = 1): Promise<RequestOutput> {
  const chunks = Array.from({ length: n }, (): OutputChunk[] => []);
  for await (const chunk of stream) chunks[chunk.index]!.push(chunk);
  const outputs = chunks.map(joinChunks);
  const { index: _, ...first } = outputs[0]!;
  const { promptTokenIds, promptLogprobs, numCachedTokens } = stream;
  return { ...first, outputs, promptTokenIds, promptLogprobs, numCachedTokens };
}

function joinChunks(chunks: readonly OutputChunk[], index: number): CompletionOutput {
  const last = chunks.at(-1);
  return {
    index,
    text: chunks.map(({ text }) => text).join(""),
    tokenIds: chunks.flatMap(({ tokenIds }) => tokenIds),
    logprobs: chunks[0]?.logprobs ? chunks.flatMap(({ logprobs }) => logprobs ?? []) : null,
    finishReason: last?.finishReason ?? "abort",
    stopReason: last?.stopReason ?? null,
    weightVersion: last?.weightVersion ?? "default",
  };
}
