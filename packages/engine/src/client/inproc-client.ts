// Runs the core in the calling thread, one step between two events: for scripts, tests and custom logits processors.
import { OctavoError } from "@octavo/core";
import type { ControlCall } from "../core/control-calls.js";
import type { Core } from "../core/core.js";
import { loadAnyCore } from "../core/load-any-core.js";
import type { LoadedCore } from "../core/load-core.js";
import type { EngineOptions } from "../engine-options.js";
import { createStatsBuffer } from "../protocol/stats.js";
import type { CoreClient, CoreListener } from "./core-client.js";
import { disposedBeforeAnswer, PendingCalls } from "./pending-calls.js";

export class InprocClient implements CoreClient {
  readonly info;
  readonly eosTokenIds;
  readonly stats: Float64Array;
  readonly #core;
  readonly #listener: CoreListener;
  #scheduled = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #calls = new PendingCalls();

  private constructor(loaded: LoadedCore<Core>, stats: Float64Array, listener: CoreListener) {
    this.info = loaded.info;
    this.eosTokenIds = loaded.eosTokenIds;
    this.#core = loaded.core;
    this.stats = stats;
    this.#listener = listener;
  }

  static async load(folder: string, options: EngineOptions, listener: CoreListener): Promise<InprocClient> {
    const stats = new Float64Array(createStatsBuffer());
    const loaded = await loadAnyCore(folder, options, stats, undefined, listener.onProgress);
    return new InprocClient(loaded, stats, listener);
  }

  send(words: Int32Array): void {
    try {
      this.#core.handle(words);
    } catch (error) {
      this.#listener.onRefused(words[1]!, OctavoError.from(error));
    }
    this.#wake();
  }

  // A pending setImmediate keeps the process alive by itself, and there is one only while there is work.
  setBusy(): void {}

  call(call: ControlCall): Promise<unknown> {
    const answer = this.#calls.add((number) => this.#core.call(call, (reply) => this.#calls.answer(number, reply)));
    this.#wake();
    return answer;
  }

  #wake(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    clearTimeout(this.#timer);
    setImmediate(() => this.#step());
  }

  #step(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    try {
      const worked = this.#core.step();
      if (!this.#core.outputs.empty) this.#listener.onOutputs(this.#core.outputs.take());
      const { kvEvents } = this.#core;
      if (kvEvents && !kvEvents.empty) this.#listener.onKvEvents(kvEvents.take());
      if (worked || this.#core.isLoading) this.#wake();
      else this.#sleep();
    } catch (error) {
      this.#closed = true;
      const failure = OctavoError.from(error);
      this.#calls.failAll(failure);
      this.#listener.onFailure(failure);
    }
  }

  /** Until a deadline comes or a command. */
  #sleep(): void {
    const ms = this.#core.idleMs;
    if (ms < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#wake(), Math.ceil(ms));
  }

  async dispose(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#calls.failAll(disposedBeforeAnswer());
    this.#core.dispose();
  }
}
