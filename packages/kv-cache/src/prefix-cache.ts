// Finds the block that holds given tokens after a given prefix. A hash table in typed arrays, linked through the blocks
// themselves, so that nothing is allocated after construction.
import { assertInternal, NULL_BLOCK } from "@octavo/core";
import type { KvEventLog } from "./kv-event-log.js";

/** The hashes of a sequence's blocks, as far as they are known. */
interface BlockHashes {
  low(index: number): number;
  high(index: number): number;
}

/**
 * Content of full blocks, by group of layers and chained hash. Every entry has a serial number and names its parent's: a hit compares hash,
 * parent and tokens, so that it is exact all the way up to the first block, whatever collides.
 *
 * Blocks of all tiers stand in one table, under numbers of their own: a block that goes to another tier (`move`) keeps its
 * serial number, so that its children are still found after it, wherever they are.
 */
export class PrefixCache {
  readonly blockSize: number;
  /** Tokens looked up and found by sequences that were started. */
  queries = 0;
  hits = 0;
  /** Those that the device did not have: looked up in the other tiers, and found there. */
  externalQueries = 0;
  externalHits = 0;
  /** Told of every change, while somebody listens. */
  events: KvEventLog | undefined;
  readonly #buckets: Int32Array;
  readonly #next: Int32Array;
  readonly #groups: Uint8Array;
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  /** The parent's hash, which events tell. */
  readonly #parentLow: Int32Array;
  readonly #parentHigh: Int32Array;
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
    this.#groups = new Uint8Array(numBlocks);
    this.#low = new Int32Array(numBlocks);
    this.#high = new Int32Array(numBlocks);
    this.#parentLow = new Int32Array(numBlocks);
    this.#parentHigh = new Int32Array(numBlocks);
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
   * The block of a group that holds the tokens of block `index` of a sequence and follows `parent`, or NULL_BLOCK.
   * @param hashes known up to `index`
   * @param parent the parent's serial number; for a first block, minus the cache salt
   */
  find(group: number, hashes: BlockHashes, index: number, parent: number, tokens: Int32Array): number {
    const low = hashes.low(index);
    const high = hashes.high(index);
    const start = index * this.blockSize;
    let block = this.#buckets[this.#bucket(group, low)]!;
    while (block !== NULL_BLOCK && !this.#matches(block, group, low, high, parent, tokens, start))
      block = this.#next[block]!;
    return block;
  }

  /** Registers a block's content, which must not be registered yet. The others as in {@link find}. */
  insert(block: number, group: number, hashes: BlockHashes, index: number, parent: number, tokens: Int32Array): void {
    assertInternal(!this.has(block), `block ${block} is in the prefix cache already`);
    this.#groups[block] = group;
    this.#low[block] = hashes.low(index);
    this.#high[block] = hashes.high(index);
    this.#parentLow[block] = index === 0 ? 0 : hashes.low(index - 1);
    this.#parentHigh[block] = index === 0 ? 0 : hashes.high(index - 1);
    this.#parents[block] = parent;
    const at = block * this.blockSize;
    const start = index * this.blockSize;
    for (let i = 0; i < this.blockSize; i++) this.#tokens[at + i] = tokens[start + i]!;
    this.#link(block, ++this.#lastSerial);
  }

  /** Forgets a block's content. @returns whether there was any */
  remove(block: number): boolean {
    if (!this.has(block)) return false;
    this.#unlink(block);
    return true;
  }

  /** The content of block `from` now lies in block `to`, which had none. */
  move(from: number, to: number): void {
    assertInternal(this.has(from) && !this.has(to), `content cannot move from block ${from} to block ${to}`);
    const serial = this.serial(from);
    this.#unlink(from);
    this.#groups[to] = this.#groups[from]!;
    this.#low[to] = this.#low[from]!;
    this.#high[to] = this.#high[from]!;
    this.#parentLow[to] = this.#parentLow[from]!;
    this.#parentHigh[to] = this.#parentHigh[from]!;
    this.#parents[to] = this.#parents[from]!;
    const at = from * this.blockSize;
    this.#tokens.copyWithin(to * this.blockSize, at, at + this.blockSize);
    this.#link(to, serial);
  }

  /** Forgets everything, including what live sequences computed so far. */
  clear(): void {
    this.#buckets.fill(NULL_BLOCK);
    this.#serials.fill(0);
    this.#size = 0;
    this.events?.cleared();
  }

  /** Tells `events` everything that is cached now, parents before their children. */
  describe(events: KvEventLog): void {
    const blocks: number[] = [];
    for (let block = 0; block < this.#serials.length; block++) if (this.has(block)) blocks.push(block);
    blocks.sort((a, b) => this.serial(a) - this.serial(b));
    for (const block of blocks) this.#tell(events, block);
  }

  /** @throws INTERNAL when the table does not hold exactly the blocks that have a serial number */
  checkInvariants(): void {
    let listed = 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      for (let block = this.#buckets[bucket]!; block !== NULL_BLOCK; block = this.#next[block]!) {
        assertInternal(this.has(block), `block ${block} is in bucket ${bucket} without content`);
        assertInternal(this.#bucketOf(block) === bucket, `block ${block} is in the wrong bucket, ${bucket}`);
        assertInternal(++listed <= this.#size, `the hash table lists more than its ${this.#size} blocks`);
      }
    }
    const cached = this.#serials.reduce((sum, serial) => sum + (serial === 0 ? 0 : 1), 0);
    assertInternal(
      listed === this.#size && cached === this.#size,
      `the hash table lists ${listed} blocks, ${cached} have content, ${this.#size} were counted`,
    );
  }

  #link(block: number, serial: number): void {
    const bucket = this.#bucketOf(block);
    this.#next[block] = this.#buckets[bucket]!;
    this.#buckets[bucket] = block;
    this.#serials[block] = serial;
    this.#size++;
    if (this.events) this.#tell(this.events, block);
  }

  #unlink(block: number): void {
    const bucket = this.#bucketOf(block);
    const next = this.#next[block]!;
    if (this.#buckets[bucket] === block) this.#buckets[bucket] = next;
    else {
      let before = this.#buckets[bucket]!;
      while (this.#next[before] !== block) before = this.#next[before]!;
      this.#next[before] = next;
    }
    this.#serials[block] = 0;
    this.#size--;
    this.events?.removed(block, this.#groups[block]!, this.#low[block]!, this.#high[block]!);
  }

  #tell(events: KvEventLog, block: number): void {
    events.stored(
      block,
      this.#groups[block]!,
      this.#low[block]!,
      this.#high[block]!,
      this.#parents[block]!,
      this.#parentLow[block]!,
      this.#parentHigh[block]!,
      this.#tokens,
    );
  }

  #bucketOf(block: number): number {
    return this.#bucket(this.#groups[block]!, this.#low[block]!);
  }

  /** Groups have the same hashes for the same tokens. */
  #bucket(group: number, low: number): number {
    return (low + Math.imul(group, 0x9e3779b1)) & (this.#buckets.length - 1);
  }

  #matches(
    block: number,
    group: number,
    low: number,
    high: number,
    parent: number,
    tokens: Int32Array,
    start: number,
  ): boolean {
    if (this.#low[block] !== low || this.#high[block] !== high || this.#parents[block] !== parent) return false;
    if (this.#groups[block] !== group) return false;
    const at = block * this.blockSize;
    for (let i = 0; i < this.blockSize; i++) if (this.#tokens[at + i] !== tokens[start + i]) return false;
    return true;
  }
}
