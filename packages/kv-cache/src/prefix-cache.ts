// Finds the block that holds given tokens after a given prefix. A hash table in typed arrays, linked through the blocks
// themselves, so that nothing is allocated after construction.
import { assertInternal, NULL_BLOCK } from "@octavo/core";

/**
 * Content of full blocks, by chained hash. Every entry has a serial number and names its parent's: a hit compares hash,
 * parent and tokens, so that it is exact all the way up to the first block, whatever collides.
 */
export class PrefixCache {
  readonly blockSize: number;
  /** Tokens looked up and found by sequences that were started. */
  queries = 0;
  hits = 0;
  /** Raised by `clear`: what a sequence computed before must not be registered after. */
  epoch = 0;
  readonly #buckets: Int32Array;
  readonly #next: Int32Array;
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  /** Serial numbers; 0 stands for "not cached". Doubles, because 32 bits would wrap within days. */
  readonly #serials: Float64Array;
  readonly #parents: Float64Array;
  readonly #tokens: Int32Array;
  #lastSerial = 0;
  #size = 0;

  constructor(numBlocks: number, blockSize: number) {
    this.blockSize = blockSize;
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(numBlocks)));
    this.#next = new Int32Array(numBlocks);
    this.#low = new Int32Array(numBlocks);
    this.#high = new Int32Array(numBlocks);
    this.#serials = new Float64Array(numBlocks);
    this.#parents = new Float64Array(numBlocks);
    this.#tokens = new Int32Array(numBlocks * blockSize);
  }

  /** Blocks with cached content. */
  get size(): number {
    return this.#size;
  }

  has(block: number): boolean {
    return this.#serials[block] !== 0;
  }

  /** The serial number of a cached block, which its children name as their parent. */
  serial(block: number): number {
    return this.#serials[block]!;
  }

  /**
   * The block with hash (low, high) that holds the tokens from `start` on and follows `parent`, or NULL_BLOCK.
   * @param parent the parent's serial number; for a first block, minus the cache salt
   */
  find(low: number, high: number, parent: number, tokens: Int32Array, start: number): number {
    let block = this.#buckets[this.#bucket(low)]!;
    while (block !== NULL_BLOCK && !this.#matches(block, low, high, parent, tokens, start)) block = this.#next[block]!;
    return block;
  }

  /** Registers a block's content, which must not be registered yet. */
  insert(block: number, low: number, high: number, parent: number, tokens: Int32Array, start: number): void {
    assertInternal(!this.has(block), `block ${block} is in the prefix cache already`);
    const bucket = this.#bucket(low);
    this.#next[block] = this.#buckets[bucket]!;
    this.#buckets[bucket] = block;
    this.#low[block] = low;
    this.#high[block] = high;
    this.#parents[block] = parent;
    this.#serials[block] = ++this.#lastSerial;
    const at = block * this.blockSize;
    for (let i = 0; i < this.blockSize; i++) this.#tokens[at + i] = tokens[start + i]!;
    this.#size++;
  }

  /** Forgets a block's content. @returns whether there was any */
  remove(block: number): boolean {
    if (!this.has(block)) return false;
    const bucket = this.#bucket(this.#low[block]!);
    const next = this.#next[block]!;
    if (this.#buckets[bucket] === block) this.#buckets[bucket] = next;
    else {
      let before = this.#buckets[bucket]!;
      while (this.#next[before] !== block) before = this.#next[before]!;
      this.#next[before] = next;
    }
    this.#serials[block] = 0;
    this.#size--;
    return true;
  }

  /** Forgets everything, including what live sequences computed so far. */
  clear(): void {
    this.#buckets.fill(NULL_BLOCK);
    this.#serials.fill(0);
    this.#size = 0;
    this.epoch++;
  }

  /** @throws INTERNAL when the table does not hold exactly the blocks that have a serial number */
  checkInvariants(): void {
    let listed = 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      for (let block = this.#buckets[bucket]!; block !== NULL_BLOCK; block = this.#next[block]!) {
        assertInternal(this.has(block), `block ${block} is in bucket ${bucket} without content`);
        assertInternal(this.#bucket(this.#low[block]!) === bucket, `block ${block} is in the wrong bucket, ${bucket}`);
        assertInternal(++listed <= this.#size, `the hash table lists more than its ${this.#size} blocks`);
      }
    }
    const cached = this.#serials.reduce((sum, serial) => sum + (serial === 0 ? 0 : 1), 0);
    assertInternal(
      listed === this.#size && cached === this.#size,
      `the hash table lists ${listed} blocks, ${cached} have content, ${this.#size} were counted`,
    );
  }

  #bucket(low: number): number {
    return low & (this.#buckets.length - 1);
  }

  #matches(block: number, low: number, high: number, parent: number, tokens: Int32Array, start: number): boolean {
    if (this.#low[block] !== low || this.#high[block] !== high || this.#parents[block] !== parent) return false;
    const at = block * this.blockSize;
    for (let i = 0; i < this.blockSize; i++) if (this.#tokens[at + i] !== tokens[start + i]) return false;
    return true;
  }
}
