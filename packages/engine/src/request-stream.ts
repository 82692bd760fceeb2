// One request on the text side: turns token records into text and hands the pieces to whoever iterates.
import { OctavoError } from "@octavo/core";
import { FinishReason as Finish } from "@octavo/scheduler";
import type { Detokenizer } from "@octavo/tokenizer";
import type { FinishReason, OutputChunk, PositionLogprobs, RequestStream } from "./engine.js";
import type { ResolvedSamplingParams } from "./sampling-params.js";

interface Waiter {
  resolve(result: IteratorResult<OutputChunk>): void;
  reject(error: OctavoError): void;
}

/** What a stream needs from the engine that made it. */
export interface StreamOwner {
  /** Tells the core to drop the request and forgets the stream. */
  cancel(id: number): void;
  /** Of the weights, for what comes now. */
  readonly weightVersion: string;
}

/** Token ids to text; what a stream uses of it. */
export type TextOf = Pick<Detokenizer, "push" | "finish" | "stopped">;

export class TokenStream implements RequestStream, AsyncIterator<OutputChunk> {
  readonly promptTokenIds: Int32Array;
  numCachedTokens = 0;
  readonly promptLogprobs: (PositionLogprobs | null)[] | null;
  queueSeconds = 0;
  /** Called once, when no chunk will follow. */
  onEnd: (() => void) | undefined;
  /** The engine's number for it. */
  readonly id: number;
  readonly #owner: StreamOwner;
  readonly #detokenizer: TextOf;
  readonly #params: ResolvedSamplingParams;
  readonly #endToken: number;
  readonly #choice: number;
  /** Of the token that comes next. */
  #logprobs: readonly PositionLogprobs[] | undefined;
  readonly #chunks: OutputChunk[] = [];
  #begun = false;
  /** A chunk that has not all tokens of `streamInterval` yet. */
  #gathered: OutputChunk | undefined;
  /** Those who asked for a chunk before there was one. */
  readonly #waiting: Waiter[] = [];
  #failure: OctavoError | undefined;
  #ended = false;

  constructor(
    id: number,
    promptTokenIds: Int32Array,
    detokenizer: TextOf,
    params: ResolvedSamplingParams,
    endToken: number,
    owner: StreamOwner,
    choice = 0,
  ) {
    this.id = id;
    this.promptTokenIds = promptTokenIds;
    this.#detokenizer = detokenizer;
    this.#params = params;
    this.#endToken = endToken;
    this.#owner = owner;
    this.#choice = choice;
    this.promptLogprobs = params.promptLogprobs >= 0 ? [null] : null;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Takes the logprobs of the token that `accept` gets next. */
  acceptLogprobs(logprobs: PositionLogprobs): void {
    this.#logprobs = [logprobs];
  }

  /** Takes the logprobs of the next token of the prompt. */
  acceptPromptLogprobs(logprobs: PositionLogprobs): void {
    this.promptLogprobs?.push(logprobs);
  }

  /** Takes one sampled token. `finish` is a code of the scheduler's FinishReason; `queueMicros` comes with the first one. */
  accept(token: number, finish: number, cachedTokens: number, queueMicros = 0): void {
    this.numCachedTokens = Math.max(cachedTokens, 0);
    if (queueMicros > 0) this.queueSeconds = queueMicros / 1e6;
    if (finish === Finish.error) {
      this.fail(noToken(this.#params));
      return;
    }
    if (finish === Finish.timeout) {
      this.#endAborted(this.#detokenizer.finish(), "timeout");
      return;
    }
    const byToken = finish === Finish.stop;
    // The token that stopped the output is not part of the text unless asked for; an end token is special anyway.
    let text = byToken && !this.#params.includeStopStrInOutput ? "" : this.#detokenizer.push(token);
    if (finish !== Finish.none && this.#detokenizer.stopped === null) text += this.#detokenizer.finish();
    const stopString = this.#detokenizer.stopped;
    const index = this.#choice;
    const tokenIds = [token];
    const logprobs = this.#logprobs;
    if (stopString !== null) {
      if (finish === Finish.none) this.#owner.cancel(this.id);
      this.#end({ index, text, tokenIds, logprobs, finishReason: "stop", stopReason: stopString });
    } else if (finish === Finish.none) {
      this.#push({ index, text, tokenIds, logprobs, finishReason: null, stopReason: null });
    } else {
      const stopToken = byToken && token !== this.#endToken ? token : null;
      const isCircle = finish === Finish.repetition;
      const finishReason: FinishReason = isCircle ? "repetition" : byToken ? "stop" : "length";
      const stopReason = isCircle ? "repetition_detected" : stopToken;
      this.#end({ index, text, tokenIds, logprobs, finishReason, stopReason });
    }
  }

  /** Ends the stream with an error, which the consumer gets after the chunks that came before. */
  fail(error: OctavoError): void {
    if (this.#ended) return;
    if (this.#gathered) this.#handOver(this.#gathered);
    this.#ended = true;
    this.onEnd?.();
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  abort(): void {
    if (this.#ended) return;
    this.#owner.cancel(this.id);
    this.#endAborted("", null);
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    return this;
  }

  next(): Promise<IteratorResult<OutputChunk>> {
    const value = this.#chunks.shift();
    if (value) return Promise.resolve({ value, done: false });
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Called when a loop over the stream is left early. */
  return(): Promise<IteratorResult<OutputChunk>> {
    this.abort();
    return Promise.resolve({ value: undefined, done: true });
  }

  #endAborted(text: string, stopReason: string | null): void {
    this.#end({ index: this.#choice, text, tokenIds: [], finishReason: "abort", stopReason });
  }

  #push(content: Omit<OutputChunk, "weightVersion">): void {
    const next: OutputChunk = { ...content, weightVersion: this.#owner.weightVersion };
    const chunk = this.#gathered ? joined(this.#gathered, next) : next;
    const isDue = chunk.finishReason !== null || !this.#begun || chunk.tokenIds.length >= this.#params.streamInterval;
    this.#begun = true;
    this.#gathered = isDue ? undefined : chunk;
    if (isDue) this.#handOver(chunk);
  }

  #handOver(chunk: OutputChunk): void {
    const waiter = this.#waiting.shift();
    if (waiter) waiter.resolve({ value: chunk, done: false });
    else this.#chunks.push(chunk);
  }

  #end(chunk: Omit<OutputChunk, "weightVersion">): void {
    this.#push(chunk);
    this.#ended = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
    this.onEnd?.();
  }
}

function joined(first: OutputChunk, next: OutputChunk): OutputChunk {
  const logprobs = first.logprobs && [...first.logprobs, ...(next.tokenIds.length > 0 ? (next.logprobs ?? []) : [])];
  return { ...next, text: first.text + next.text, tokenIds: [...first.tokenIds, ...next.tokenIds], logprobs };
}

/** Why nothing could be sampled: what the request asked for, where that may be it. */
function noToken({ allowedTokenIds, logitEdits, extraArgs }: ResolvedSamplingParams): OctavoError {
  if (extraArgs !== "") {
    const message = "no token was left to pick: a logits processor failed or ruled all of them out; the log says more";
    return new OctavoError({ code: "INTERNAL", message });
  }
  if (allowedTokenIds.length > 0 || logitEdits.length > 0) {
    const message =
      "no token was left to pick: allowed_token_ids, bad_words and min_tokens together ruled all of them out (or the model's logits are " +
      "not finite); allow more";
    return new OctavoError({ code: "INVALID_ARGUMENT", message, param: "allowed_token_ids" });
  }
  const message =
    "the model computed no finite logits for this request: its weights hold NaN or infinity, or overflow in this dtype " +
    "(float16 is the likeliest); try --dtype bfloat16 or float32, or download the weights again";
  return new OctavoError({ code: "INTERNAL", message });
}
