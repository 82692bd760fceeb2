// Token ids as they come, in one typed array that grows.

export class IdList {
  #ids = new Int32Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(id: number): void {
    if (this.#length === this.#ids.length) this.#grow(1);
    this.#ids[this.#length++] = id;
  }

  /** @param count how many of `ids`, from the first */
  pushAll(ids: Int32Array, count = ids.length): void {
    if (this.#length + count > this.#ids.length) this.#grow(count);
    for (let i = 0; i < count; i++) this.#ids[this.#length + i] = ids[i]!;
    this.#length += count;
  }

  /** The ids, in an array of their own. */
  toArray(): Int32Array {
    return this.#ids.slice(0, this.#length);
  }

  #grow(count: number): void {
    const ids = new Int32Array(Math.max(this.#ids.length * 2, this.#length + count));
    ids.set(this.#ids);
    this.#ids = ids;
  }
}
