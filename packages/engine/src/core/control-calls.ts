// Calls from the client that are answered, unlike commands: rare, and of any shape.
import { OctavoError, type OctavoErrorOptions } from "@octavo/core";
import type { Scheduler, SchedulerPauseMode } from "@octavo/scheduler";
import type { WorkerMethods } from "./worker-methods.js";

/** What a client can ask; the answer of pause and resume is empty. */
export type ControlCall =
  /** Answered when the pause has come to rest: no step in flight and, with "wait", no request left that was there. */
  | { readonly method: "pause"; readonly mode: SchedulerPauseMode }
  | { readonly method: "resume" }
  /**
   * Answered with a Float32Array [lengths.length, hidden]: the vector of each prompt of `tokens`, which has one behind the other. With
   * undefined when `id` was aborted before.
   */
  | {
      readonly method: "embed";
      readonly id: number;
      readonly priority: number;
      readonly tokens: Int32Array;
      readonly lengths: Int32Array;
    }
  | { readonly method: "rpc"; readonly name: string; readonly args: readonly unknown[]; readonly kwargs?: object };

export type ControlReply = { readonly value: unknown } | { readonly error: OctavoErrorOptions };

export class ControlCalls {
  readonly #scheduler: Scheduler;
  readonly #methods: WorkerMethods;
  readonly #untilRest: ((reply: ControlReply) => void)[] = [];

  constructor(scheduler: Scheduler, methods: WorkerMethods) {
    this.#scheduler = scheduler;
    this.#methods = methods;
  }

  /** Never throws: what goes wrong is the answer. */
  run(call: ControlCall, reply: (reply: ControlReply) => void): void {
    if (call.method === "pause") {
      this.#scheduler.pause(call.mode);
      this.#untilRest.push(reply);
      this.settle();
    } else if (call.method === "resume") {
      this.#scheduler.resume();
      // Those who wait for a pause to come to rest need not any more.
      this.#answer();
      reply({ value: undefined });
    } else if (call.method === "embed") {
      reply({ error: { code: "INVALID_ARGUMENT", message: "this engine generates and makes no embeddings" } });
    } else {
      reply(this.#rpc(call.name, call.args, call.kwargs));
    }
  }

  /** To be called after each step. */
  settle(): void {
    if (this.#untilRest.length > 0 && this.#scheduler.isResting) this.#answer();
  }

  #answer(): void {
    for (const reply of this.#untilRest.splice(0)) reply({ value: undefined });
  }

  #rpc(name: string, args: readonly unknown[], kwargs?: object): ControlReply {
    try {
      return { value: this.#methods.call(name, args, kwargs) };
    } catch (error) {
      return { error: OctavoError.from(error).toJSON() };
    }
  }
}
