// Requests that must end by a time, the next one first.
import { Heap } from "./heap.js";
import type { Request } from "./request.js";

export class Deadlines {
  readonly #heap = new Heap<Request>((a, b) => (a.deadline !== b.deadline ? a.deadline < b.deadline : a.id < b.id));

  /** The next one; infinite when there is none. */
  get next(): number {
    return this.#heap.first?.deadline ?? Number.POSITIVE_INFINITY;
  }

  add(request: Request): void {
    if (request.deadline < Number.POSITIVE_INFINITY) this.#heap.push(request);
  }

  /** The request is over. */
  remove(request: Request): void {
    if (request.deadline < Number.POSITIVE_INFINITY) this.#heap.remove(request);
  }

  /** A request whose time is up; undefined when there is none. */
  expired(now: number): Request | undefined {
    const first = this.#heap.first;
    return first && first.deadline <= now ? first : undefined;
  }
}
