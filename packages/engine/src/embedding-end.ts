// The end that comes to a call for vectors before its vectors do: the caller's signal, or its deadline.
import { OctavoError } from "@octavo/core";

export class EmbeddingEnd implements Disposable {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #listeners: (() => void)[] = [];
  #ended: { readonly reason: unknown } | undefined;

  /** @param timeoutMs -1: none @throws the signal's reason, where it is aborted already */
  constructor(signal: AbortSignal | undefined, timeoutMs: number) {
    signal?.throwIfAborted();
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (timeoutMs >= 0) this.#timer = setTimeout(() => this.#end(timeout(timeoutMs)), timeoutMs);
  }

  throwIfEnded(): void {
    if (this.#ended) throw this.#ended.reason;
  }

  onEnd(listener: () => void): void {
    this.#listeners.push(listener);
  }

  readonly #abort = () => this.#end(this.#signal!.reason);

  #end(reason: unknown): void {
    this.#ended ??= { reason };
    for (const listener of this.#listeners.splice(0)) listener();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}

function timeout(ms: number): OctavoError {
  const message = `the embeddings were not there within timeout_ms ${ms}: give them more time, or ask for fewer at once`;
  return new OctavoError({ code: "TIMEOUT", message, param: "timeout_ms" });
}
