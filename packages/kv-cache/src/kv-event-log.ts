// What the prefix cache stores and forgets, as flat records: for routers that send a request where its prefix lies.

/** The first word of a record. */
export const KvEvent = {
  /** [stored, tier, group, low, high, has parent, parent's low, high, salt's low, high, tokens of the block] */
  stored: 1,
  /** [removed, tier, group, low, high] */
  removed: 2,
  /** `[cleared]`: nothing is cached any more, in any tier */
  cleared: 3,
} as const;

/** Words of a `stored` record before its tokens. */
export const STORED_WORDS = 10;
export const REMOVED_WORDS = 5;

/** Gathers records until they are taken. A block is known by the 64 bits of its hash, a salt stands with first blocks only. */
export class KvEventLog {
  readonly #blockSize: number;
  readonly #tierOf: (block: number) => number;
  #words = new Int32Array(256);
  #length = 0;

  /** @param tierOf the tier of a block by its number in the prefix cache's table */
  constructor(blockSize: number, tierOf: (block: number) => number) {
    this.#blockSize = blockSize;
    this.#tierOf = tierOf;
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  /**
   * @param parent its serial number; for a first block, minus the cache salt
   * @param tokens those of the table's blocks
   */
  stored(
    block: number,
    group: number,
    low: number,
    high: number,
    parent: number,
    parentLow: number,
    parentHigh: number,
    tokens: Int32Array,
  ): void {
    const size = this.#blockSize;
    this.#reserve(STORED_WORDS + size);
    const salt = parent > 0 ? 0 : -parent;
    this.#push(KvEvent.stored, this.#tierOf(block), group, low, high);
    this.#push(parent > 0 ? 1 : 0, parent > 0 ? parentLow : 0, parent > 0 ? parentHigh : 0, salt | 0, salt / 2 ** 32);
    this.#words.set(tokens.subarray(block * size, (block + 1) * size), this.#length);
    this.#length += size;
  }

  removed(block: number, group: number, low: number, high: number): void {
    this.#reserve(REMOVED_WORDS);
    this.#push(KvEvent.removed, this.#tierOf(block), group, low, high);
  }

  cleared(): void {
    this.#reserve(1);
    this.#words[this.#length++] = KvEvent.cleared;
  }

  /** A copy of the records so far; the log is empty afterwards. */
  take(): Int32Array<ArrayBuffer> {
    const words = this.#words.slice(0, this.#length);
    this.#length = 0;
    return words;
  }

  #push(a: number, b: number, c: number, d: number, e: number): void {
    this.#words[this.#length++] = a;
    this.#words[this.#length++] = b;
    this.#words[this.#length++] = c;
    this.#words[this.#length++] = d;
    this.#words[this.#length++] = e;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#words.length) return;
    const words = new Int32Array(2 * (this.#length + count));
    words.set(this.#words.subarray(0, this.#length));
    this.#words = words;
  }
}
