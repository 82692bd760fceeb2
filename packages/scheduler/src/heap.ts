// A binary heap: the first of many, where the order is not that of arrival.
import { assertInternal } from "@octavo/core";

export class Heap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  /** @param before whether `a` comes out before `b`; a strict order */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get length(): number {
    return this.#items.length;
  }

  /** What comes out next; undefined when nothing is left. */
  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  /** Takes out the first. */
  shift(): T {
    const first = this.#items[0];
    assertInternal(first !== undefined, "the first of an empty heap is taken");
    this.#removeAt(0);
    return first;
  }

  /** Takes out an item, if it is there; looks at all of them. */
  remove(item: T): boolean {
    const index = this.#items.indexOf(item);
    if (index < 0) return false;
    this.#removeAt(index);
    return true;
  }

  /** To be called when the first item has moved back in the order. */
  settleFirst(): void {
    if (this.#items.length > 0) this.#sink(0);
  }

  /** In no order. */
  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]();
  }

  #removeAt(index: number): void {
    const last = this.#items.pop()!;
    if (index === this.#items.length) return;
    this.#items[index] = last;
    this.#sink(index);
    this.#rise(index);
  }

  #rise(index: number): void {
    const item = this.#items[index]!;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(item, this.#items[parent]!)) break;
      this.#items[index] = this.#items[parent]!;
      index = parent;
    }
    this.#items[index] = item;
  }

  #sink(index: number): void {
    const item = this.#items[index]!;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#items.length) break;
      if (child + 1 < this.#items.length && this.#before(this.#items[child + 1]!, this.#items[child]!)) child++;
      if (!this.#before(this.#items[child]!, item)) break;
      this.#items[index] = this.#items[child]!;
      index = child;
    }
    this.#items[index] = item;
  }
}
