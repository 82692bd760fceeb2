// The end that comes to a call for vectors before its vectors do: the caller's signal, or its deadline.
import { OctavoError } from "@octavo/core";
import { onAbort } from "./on-abort.js";

export class EmbeddingEnd implements Disposable {
  readonly #forget: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #listeners: (() => void)[] = [];
  #ended: { readonly reason: unknown } | undefined;

  /** @param timeoutMs -1: none @throws the signal's reason, where it is aborted already */
  constructor(signal: AbortSignal | undefined, timeoutMs: number) {
    signal?.throwIfAborted();
    this.#forget = signal && onAbort(signal, () => this.#end(signal.reason));
    if (timeoutMs >= 0) this.#timer = setTimeout(() => this.#end(timeout(timeoutMs)), timeoutMs);
  }

  throwIfEnded(): void {
    if (this.#ended) throw this.#ended.reason;
  }

  onEnd(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #end(reason: unknown): void {
    this.#ended ??= { reason };
    for (const listener of this.#listeners.splice(0)) listener();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#forget?.();
  }
}

function timeout(ms: number): OctavoError {
  const message = `the embeddings were not there within timeout_ms ${ms}: give them more time, or ask for fewer at once`;
  return new OctavoError({ code: "TIMEOUT", message, param: "timeout_ms" });
}
