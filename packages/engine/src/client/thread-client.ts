// Runs the core on its own worker thread, so that HTTP and text never delay a step.
import { Worker } from "node:worker_threads";
import { OctavoError } from "@octavo/core";
import type { ControlCall } from "../core/control-calls.js";
import type { EngineInfo } from "../engine.js";
import type { EngineOptions } from "../engine-options.js";
import { Command } from "../protocol/commands.js";
import { createStatsBuffer } from "../protocol/stats.js";
import type { ClientMessage, ThreadData, ThreadMessage } from "../protocol/thread-messages.js";
import type { CoreClient, CoreListener } from "./core-client.js";
import { disposedBeforeAnswer, PendingCalls } from "./pending-calls.js";

export class ThreadClient implements CoreClient {
  readonly stats: Float64Array;
  readonly #worker: Worker;
  readonly #wake: Int32Array;
  readonly #listener: CoreListener;
  readonly #exited: Promise<void>;
  readonly #calls = new PendingCalls();
  #busy = false;
  readonly #commands: Int32Array[] = [];
  #ready: Extract<ThreadMessage, { type: "ready" }> | undefined;
  #closing = false;
  #failed = false;

  private constructor(folder: string, options: EngineOptions, listener: CoreListener) {
    const statsBuffer = createStatsBuffer();
    const wakeBuffer = new SharedArrayBuffer(4);
    this.stats = new Float64Array(statsBuffer);
    this.#wake = new Int32Array(wakeBuffer);
    this.#listener = listener;
    const workerData: ThreadData = { folder, options, statsBuffer, wakeBuffer };
    // A worker inherits the flags of this process; those that belong to `node -e` would keep it from starting.
    const execArgv = process.execArgv.filter((flag) => !flag.startsWith("--input-type"));
    const url = new URL("./engine-thread.js", import.meta.url);
    this.#worker = new Worker(url, { workerData, execArgv, name: "octavo-engine" });
    this.#exited = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
  }

  /** Starts the thread and waits until the model is loaded. @throws the thread's own error */
  static async load(folder: string, options: EngineOptions, listener: CoreListener): Promise<ThreadClient> {
    const client = new ThreadClient(folder, options, listener);
    await new Promise<void>((resolve, reject) => client.#listen(resolve, reject));
    client.setBusy(false);
    return client;
  }

  get info(): EngineInfo {
    return this.#ready!.info;
  }

  get eosTokenIds(): readonly number[] {
    return this.#ready!.eosTokenIds;
  }

  /**
   * Commands of one tick arrive together: no step runs between the choices of a prompt, the first of which might have ended before
   * the last one could become its fork.
   */
  send(words: Int32Array): void {
    if (this.#commands.push(words) === 1) queueMicrotask(() => this.#flush());
  }

  call(call: ControlCall): Promise<unknown> {
    this.#flush();
    const answer = this.#calls.add((number) => this.#post({ call, number }));
    this.setBusy(this.#busy);
    return answer;
  }

  #flush(): void {
    if (this.#commands.length === 0) return;
    const commands = this.#commands.splice(0);
    this.#post(
      commands,
      commands.map(({ buffer }) => buffer as ArrayBuffer),
    );
  }

  setBusy(busy: boolean): void {
    this.#busy = busy;
    if (busy || this.#calls.size > 0) this.#worker.ref();
    else this.#worker.unref();
  }

  #post(message: ClientMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
    Atomics.add(this.#wake, 0, 1);
    Atomics.notify(this.#wake, 0);
  }

  async dispose(): Promise<void> {
    if (!this.#closing && !this.#failed) this.send(Int32Array.of(Command.stop));
    this.#closing = true;
    this.#calls.failAll(disposedBeforeAnswer());
    this.setBusy(true);
    await this.#exited;
  }

  #listen(ready: () => void, reject: (error: OctavoError) => void): void {
    const fail = (error: OctavoError) => {
      if (this.#failed || this.#closing) return;
      this.#failed = true;
      this.#calls.failAll(error);
      if (this.#ready) this.#listener.onFailure(error);
      else reject(error);
    };
    this.#worker.on("message", (message: ThreadMessage) => {
      if (message instanceof Int32Array) return this.#listener.onOutputs(message);
      if (message.type === "refused") {
        return this.#listener.onRefused(message.id, OctavoError.fromJSON(message.error));
      }
      if (message.type === "reply") {
        this.#calls.answer(message.number, message.reply);
        return this.setBusy(this.#busy);
      }
      if (message.type === "kvEvents") return this.#listener.onKvEvents(message.words);
      if (message.type === "loading") return this.#listener.onProgress?.(message.done, message.total);
      if (message.type === "warning") return process.emitWarning(message.text, message.options);
      if (message.type === "failed") return fail(OctavoError.fromJSON(message.error));
      this.#ready = message;
      ready();
    });
    this.#worker.on("error", (cause) => fail(OctavoError.from(cause)));
    this.#worker.on("exit", (code) =>
      fail(
        new OctavoError({ code: "ENGINE_DEAD", message: `the engine thread ended unexpectedly (exit code ${code})` }),
      ),
    );
  }
}
