// The requests that run or wait: their numbers, what the core tells of each, and how they end.
import { OctavoError } from "@octavo/core";
import type { CoreClient } from "./client/core-client.js";
import { encodeAbort } from "./protocol/commands.js";
import { decodeLogprobs } from "./protocol/logprobs.js";
import { LogprobsOf, logprobsRecordWords, OUTPUT_WORDS } from "./protocol/outputs.js";
import type { QueueBounds } from "./queue-bounds.js";
import type { StreamOwner, TokenStream } from "./request-stream.js";
import type { TokenTexts } from "./token-texts.js";

/** Ids cross to the core as int32. */
const MAX_ID = 2 ** 31 - 1;

export class InFlight implements StreamOwner {
  /** Every output carries it. */
  weightVersion = "default";
  readonly #client: CoreClient;
  readonly #bounds: QueueBounds;
  readonly #texts: TokenTexts;
  readonly #streams = new Map<number, TokenStream>();
  #nextId = 1;
  /** The core will tell nothing more. */
  #closed = false;
  /** Woken whenever a request begins its output or ends. */
  #endWaiters: (() => void)[] = [];

  constructor(client: CoreClient, bounds: QueueBounds, texts: TokenTexts) {
    this.#client = client;
    this.#bounds = bounds;
    this.#texts = texts;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** A number that no other request has. */
  takeId(): number {
    do this.#nextId = (this.#nextId % MAX_ID) + 1;
    while (this.#streams.has(this.#nextId));
    return this.#nextId;
  }

  /** @param promptTokens as many as count against the queue's bound @param words the command that starts it */
  start(stream: TokenStream, promptTokens: number, words: Int32Array): void {
    this.#streams.set(stream.id, stream);
    this.#bounds.add(stream.id, promptTokens);
    if (this.size === 1) this.#client.setBusy(true);
    this.#client.send(words);
  }

  cancel(id: number): void {
    if (!this.#forget(id)) return;
    this.#client.send(encodeAbort(id));
    this.#settle();
  }

  abortAll(): void {
    for (const stream of [...this.#streams.values()]) stream.abort();
  }

  /** Records of protocol/outputs.ts. */
  deliver(words: Int32Array): void {
    for (let i = 0; i < words.length; i += OUTPUT_WORDS) {
      while (words[i]! < 0) i = this.#deliverLogprobs(words, i);
      if (i >= words.length) break;
      const id = words[i]!;
      this.#bounds.remove(id);
      const stream = this.#streams.get(id);
      if (!stream) continue; // aborted while its token was on the way
      try {
        stream.accept(words[i + 1]!, words[i + 2]!, words[i + 3]!, words[i + 4]!);
      } catch (error) {
        // A fault in one request's text must not take the others down.
        stream.fail(OctavoError.from(error));
        this.#client.send(encodeAbort(id));
      }
      if (stream.ended) this.#streams.delete(id);
    }
    this.#settle();
  }

  /** Ends one request that the core does not run. */
  drop(id: number, error: OctavoError): void {
    this.#streams.get(id)?.fail(error);
    this.#forget(id);
    this.#settle();
  }

  /** The core is gone. */
  failAll(error: OctavoError): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.fail(error);
    this.#streams.clear();
    this.#settle();
  }

  /** Until another request begins its output or ends. */
  nextEnd(): Promise<void> {
    return new Promise((resolve) => this.#endWaiters.push(resolve));
  }

  /** @returns whether it was known */
  #forget(id: number): boolean {
    this.#bounds.remove(id);
    return this.#streams.delete(id);
  }

  /** @returns where the next record begins */
  #deliverLogprobs(words: Int32Array, start: number): number {
    const stream = this.#streams.get(-words[start]!);
    if (stream) {
      const logprobs = decodeLogprobs(words, start, this.#texts);
      if (words[start + 1] === LogprobsOf.prompt) stream.acceptPromptLogprobs(logprobs);
      else stream.acceptLogprobs(logprobs);
    }
    return start + logprobsRecordWords(words, start);
  }

  /** After requests may have ended. */
  #settle(): void {
    if (this.size === 0 && !this.#closed) this.#client.setBusy(false);
    for (const resolve of this.#endWaiters.splice(0)) resolve();
  }
}
