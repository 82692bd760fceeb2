// Token ids as they come, in one typed array that grows.

export class IdList {
  #ids = new Int32Array(1024);
  length = 0;

  push(id: number): void {
    this.reserve(1)[this.length++] = id;
  }

  pushAll(ids: Int32Array): void {
    this.reserve(ids.length).set(ids, this.length);
    this.length += ids.length;
  }

  /** Makes room behind what is there. @returns the ids, for the caller to put more at `length` and raise it; until the next call */
  reserve(count: number): Int32Array {
    if (this.length + count > this.#ids.length) {
      const ids = new Int32Array(Math.max(this.#ids.length * 2, this.length + count));
      ids.set(this.#ids);
      this.#ids = ids;
    }
    return this.#ids;
  }

  /** The ids, in an array of their own. */
  toArray(): Int32Array {
    return this.#ids.slice(0, this.length);
  }
}
