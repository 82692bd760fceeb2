// The chained hashes of a sequence's full blocks, as far as they were needed. Tokens never change, so they stay.
import type { BlockHasher } from "./block-hash.js";
import { enlarged } from "./enlarged.js";

export class SequenceHashes {
  readonly #hasher: BlockHasher;
  readonly #blockSize: number;
  readonly #cacheSalt: number;
  /** Pairs (low, high). */
  #lanes = new Int32Array(16);
  #count = 0;

  constructor(hasher: BlockHasher, blockSize: number, cacheSalt: number) {
    this.#hasher = hasher;
    this.#blockSize = blockSize;
    this.#cacheSalt = cacheSalt;
  }

  /** Of a block that `reach` has reached. */
  low(index: number): number {
    return this.#lanes[2 * index]!;
  }

  high(index: number): number {
    return this.#lanes[2 * index + 1]!;
  }

  /** Computes what is missing up to block `index`. */
  reach(index: number, tokens: Int32Array): void {
    while (this.#count <= index) this.#next(tokens);
  }

  /** Takes the first `count` hashes of a sequence that begins with the same blocks, as far as it has them. */
  copyFrom(other: SequenceHashes, count: number): void {
    this.#count = Math.min(other.#count, count);
    while (this.#lanes.length < 2 * this.#count) this.#lanes = enlarged(this.#lanes);
    this.#lanes.set(other.#lanes.subarray(0, 2 * this.#count));
  }

  #next(tokens: Int32Array): void {
    const at = 2 * this.#count;
    if (at === this.#lanes.length) this.#lanes = enlarged(this.#lanes);
    const low = at === 0 ? this.#cacheSalt | 0 : this.#lanes[at - 2]!;
    const high = at === 0 ? Math.floor(this.#cacheSalt / 2 ** 32) : this.#lanes[at - 1]!;
    const start = this.#count * this.#blockSize;
    this.#hasher.hash(low, high, tokens, start, start + this.#blockSize);
    this.#lanes[at] = this.#hasher.low;
    this.#lanes[at + 1] = this.#hasher.high;
    this.#count++;
  }
}
