// First come, first served: the default.
import { assertInternal } from "@octavo/core";
import type { Request } from "../request.js";
import { RequestQueue } from "../request-queue.js";
import type { SchedulingPolicy } from "./scheduling-policy.js";

/**
 * All that run arrived before all that wait: who is preempted goes from the end of those that run to the front of those that
 * wait.
 */
export class FcfsPolicy implements SchedulingPolicy {
  readonly #queue = new RequestQueue();

  get length(): number {
    return this.#queue.length;
  }

  first(): Request {
    return this.#queue.at(0);
  }

  shift(): Request {
    return this.#queue.popFront();
  }

  push(request: Request): void {
    this.#queue.pushBack(request);
  }

  putBack(request: Request): void {
    this.#queue.pushFront(request);
  }

  remove(request: Request): void {
    this.#queue.remove(request);
  }

  outranks(): boolean {
    return false;
  }

  victim(running: readonly Request[]): number {
    return running.length - 1;
  }

  *waiting(): Iterable<Request> {
    for (let i = 0; i < this.#queue.length; i++) yield this.#queue.at(i);
  }

  checkInvariants(running: readonly Request[]): void {
    let last = -1;
    for (const { id, arrival, isLong } of [...running, ...this.waiting()]) {
      // Short prompts may pass long ones, where few long ones may run at once.
      if (isLong) continue;
      assertInternal(arrival > last, `request ${id} stands behind one that arrived later`);
      last = arrival;
    }
  }
}
