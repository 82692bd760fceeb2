// Lower priority values first, as in vLLM; among equals who came first.
import { assertInternal } from "@octavo/core";
import { Heap } from "../heap.js";
import type { Request } from "../request.js";
import type { SchedulingPolicy } from "./scheduling-policy.js";

/** Those that run are in this order, too, so that the last of them always matters least. */
export class PriorityPolicy implements SchedulingPolicy {
  readonly #heap = new Heap<Request>(goesBefore);

  get length(): number {
    return this.#heap.length;
  }

  first(): Request {
    return this.#heap.first!;
  }

  shift(): Request {
    return this.#heap.shift();
  }

  push(request: Request): void {
    this.#heap.push(request);
  }

  putBack(request: Request): void {
    this.#heap.push(request);
  }

  remove(request: Request): void {
    assertInternal(this.#heap.remove(request), () => `request ${request.id} does not wait`);
  }

  outranks(running: Request): boolean {
    return goesBefore(this.#heap.first!, running);
  }

  victim(running: readonly Request[]): number {
    return running.length - 1;
  }

  waiting(): Iterable<Request> {
    return this.#heap;
  }

  checkInvariants(running: readonly Request[]): void {
    for (let i = 1; i < running.length; i++) {
      const [a, b] = [running[i - 1]!, running[i]!];
      assertInternal(
        goesBefore(a, b),
        `request ${a.id} of priority ${a.priority} runs before ${b.id} of ${b.priority}`,
      );
    }
    for (const request of this.#heap) {
      assertInternal(!goesBefore(request, this.#heap.first!), `request ${request.id} should be the first that waits`);
    }
  }
}

function goesBefore(a: Request, b: Request): boolean {
  return a.priority !== b.priority ? a.priority < b.priority : a.arrival < b.arrival;
}
