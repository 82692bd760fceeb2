// Which two tokens become which one, and in what order: a hash table of typed arrays, for it is asked for every pair of every new word.
import type { Merges } from "./merge-heap.js";

const EMPTY = -1;
/** Ints of a merge: left, right, merged. */
const MERGE = 3;

/** Merges by their two tokens. A merge is known by its rank. */
export class MergeTable implements Merges {
  readonly #merges: Int32Array;
  /** Ranks; half of them free at least. */
  readonly #slots: Int32Array;
  readonly #shift: number;

  /**
   * @param merges left, right and merged token of each, in the order of their ranks. Of two merges of the same tokens the later one
   * counts, as in tokenizers
   */
  constructor(merges: Int32Array) {
    const count = merges.length / MERGE;
    const bits = Math.max(4, Math.ceil(Math.log2(2 * count + 1)));
    this.#merges = merges;
    this.#shift = 32 - bits;
    this.#slots = new Int32Array(2 ** bits).fill(EMPTY);
    for (let rank = 0; rank < count; rank++) {
      this.#slots[this.#slotOf(merges[MERGE * rank]!, merges[MERGE * rank + 1]!)] = rank;
    }
  }

  find(left: number, right: number): number {
    return this.#slots[this.#slotOf(left, right)]!;
  }

  rankOf(rank: number): number {
    return rank;
  }

  merged(rank: number): number {
    return this.#merges[MERGE * rank + 2]!;
  }

  /** Where the merge is, or belongs. */
  #slotOf(left: number, right: number): number {
    const merges = this.#merges;
    const slots = this.#slots;
    let slot = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b) >>> this.#shift;
    for (;;) {
      const rank = slots[slot]!;
      if (rank === EMPTY) return slot;
      if (merges[MERGE * rank] === left && merges[MERGE * rank + 1] === right) return slot;
      slot = (slot + 1) & (slots.length - 1);
    }
  }
}
