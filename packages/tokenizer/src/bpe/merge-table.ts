// Which two tokens become which one, and in what order: a hash table in one typed array, for it is asked for every pair of every new word.

const EMPTY = -1;
/** Ints of an entry: left, right, rank, merged. */
const ENTRY = 4;

/** Merges by their two tokens. */
export class MergeTable {
  readonly #entries: Int32Array;
  readonly #shift: number;
  readonly #mask: number;

  /** @param count merges that will be added at most */
  constructor(count: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(count * 2 + 1)));
    this.#shift = 32 - bits;
    this.#mask = 2 ** bits - 1;
    this.#entries = new Int32Array(ENTRY * 2 ** bits).fill(EMPTY);
  }

  /** Of two merges of the same tokens the later one counts, as in tokenizers. */
  add(left: number, right: number, rank: number, merged: number): void {
    let entry = this.#start(left, right);
    while (this.#entries[entry] !== EMPTY && !this.#is(entry, left, right)) entry = this.#next(entry);
    this.#entries[entry] = left;
    this.#entries[entry + 1] = right;
    this.#entries[entry + 2] = rank;
    this.#entries[entry + 3] = merged;
  }

  /** @returns the merge for {@link rank} and {@link merged}; -1: these two do not merge */
  find(left: number, right: number): number {
    const entries = this.#entries;
    let entry = this.#start(left, right);
    for (;;) {
      const found = entries[entry]!;
      if (found === left && entries[entry + 1] === right) return entry;
      if (found === EMPTY) return -1;
      entry = this.#next(entry);
    }
  }

  /** Lower ranks merge first. */
  rank(merge: number): number {
    return this.#entries[merge + 2]!;
  }

  merged(merge: number): number {
    return this.#entries[merge + 3]!;
  }

  #is(entry: number, left: number, right: number): boolean {
    return this.#entries[entry] === left && this.#entries[entry + 1] === right;
  }

  #start(left: number, right: number): number {
    const hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
    return ENTRY * (hash >>> this.#shift);
  }

  #next(entry: number): number {
    return ENTRY * ((entry / ENTRY + 1) & this.#mask);
  }
}
