// The result of LLM.generate and LLM.chat: await it for the whole output, or iterate it for the pieces.
import { OctavoError } from "@octavo/core";
import type { FinishReason, OutputChunk, RequestStream } from "./engine.js";

/** A finished request. */
export interface RequestOutput {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: FinishReason;
  readonly stopReason: string | number | null;
  readonly promptTokenIds: Int32Array;
  readonly numCachedTokens: number;
}

/**
 * A running request. `await` gives the {@link RequestOutput}; `for await` gives {@link OutputChunk}s as they come, and
 * leaving that loop aborts the request. Choose one of the two.
 */
export class Generation implements PromiseLike<RequestOutput>, AsyncIterable<OutputChunk> {
  readonly #stream: RequestStream;
  #output: Promise<RequestOutput> | undefined;
  #iterated = false;

  constructor(stream: RequestStream) {
    this.#stream = stream;
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
    this.#output ??= this.#iterated ? Promise.reject(consumedTwice()) : collectOutput(this.#stream);
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

/** Reads a stream to its end. */
export async function collectOutput(stream: RequestStream): Promise<RequestOutput> {
  let text = "";
  const tokenIds: number[] = [];
  let last: OutputChunk | undefined;
  for await (const chunk of stream) {
    text += chunk.text;
    tokenIds.push(...chunk.tokenIds);
    last = chunk;
  }
  const { promptTokenIds, numCachedTokens } = stream;
  const finishReason = last?.finishReason ?? "abort";
  return { text, tokenIds, finishReason, stopReason: last?.stopReason ?? null, promptTokenIds, numCachedTokens };
}
