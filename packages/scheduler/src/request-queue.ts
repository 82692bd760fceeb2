// The waiting requests, first come first served: a ring buffer, because a queue may hold many thousands.
import { assertInternal } from "@octavo/core";
import type { Request } from "./request.js";

export class RequestQueue {
  #ring: (Request | undefined)[] = new Array(16).fill(undefined);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The request at `index` from the front. */
  at(index: number): Request {
    const request = this.#ring[this.#slot(index)];
    assertInternal(index < this.#length && request, () => `request ${index} of a queue of ${this.#length}`);
    return request;
  }

  pushBack(request: Request): void {
    this.#makeRoom();
    this.#ring[this.#slot(this.#length++)] = request;
  }

  /** For a preempted request, which came before all that wait. */
  pushFront(request: Request): void {
    this.#makeRoom();
    this.#first = this.#slot(this.#ring.length - 1);
    this.#ring[this.#first] = request;
    this.#length++;
  }

  popFront(): Request {
    const request = this.at(0);
    this.#ring[this.#first] = undefined;
    this.#first = this.#slot(1);
    this.#length--;
    return request;
  }

  /** Takes out a request that waits. */
  remove(request: Request): void {
    let index = 0;
    while (this.at(index) !== request) index++;
    for (; index < this.#length - 1; index++) this.#ring[this.#slot(index)] = this.#ring[this.#slot(index + 1)];
    this.#ring[this.#slot(--this.#length)] = undefined;
  }

  #slot(index: number): number {
    return (this.#first + index) & (this.#ring.length - 1);
  }

  #makeRoom(): void {
    if (this.#length < this.#ring.length) return;
    const ring = new Array<Request | undefined>(2 * this.#ring.length).fill(undefined);
    for (let i = 0; i < this.#length; i++) ring[i] = this.at(i);
    this.#ring = ring;
    this.#first = 0;
  }
}
