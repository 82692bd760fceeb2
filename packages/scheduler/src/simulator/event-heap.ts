// The replicas that have something to do, the earliest first; of equal times the lower index, so that runs repeat exactly.

export class EventHeap {
  readonly #times: Float64Array;
  readonly #indices: Int32Array;
  #size = 0;

  /** @param capacity entries at most; an index is in it once */
  constructor(capacity: number) {
    this.#times = new Float64Array(capacity);
    this.#indices = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The earliest time. */
  get time(): number {
    return this.#times[0]!;
  }

  push(index: number, time: number): void {
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(time, index, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#times[at] = time;
    this.#indices[at] = index;
  }

  /** Removes the earliest. @returns its index */
  pop(): number {
    const first = this.#indices[0]!;
    const time = this.#times[--this.#size]!;
    const index = this.#indices[this.#size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#isBefore(this.#times[right]!, this.#indices[right]!, child)) child = right;
      if (this.#isBefore(time, index, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#times[at] = time;
    this.#indices[at] = index;
    return first;
  }

  #isBefore(time: number, index: number, at: number): boolean {
    return time < this.#times[at]! || (time === this.#times[at] && index < this.#indices[at]!);
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from]!;
    this.#indices[to] = this.#indices[from]!;
  }
}
