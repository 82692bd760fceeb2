// One request's blocks, in order, from the first token on: its block table, and its way into the prefix cache.
import { assertInternal, NULL_BLOCK } from "@octavo/core";
import type { BlockHasher } from "./block-hash.js";
import type { BlockPool } from "./block-pool.js";
import type { PrefixCache } from "./prefix-cache.js";

/**
 * The life of a sequence: `matchPrefix` once, then `grow` before tokens are computed and `commit` when they are planned,
 * then `free`, after which it may begin again (a preempted request does). `tokens` is always the whole sequence from
 * position 0 on, and what was passed once must not change.
 */
export class KvSequence {
  readonly #pool: BlockPool;
  readonly #prefixCache: PrefixCache | undefined;
  readonly #hasher: BlockHasher;
  readonly #blockSize: number;
  readonly #cacheSalt: number;
  readonly #reuseCached: boolean;
  #blocks = new Int32Array(8);
  #numBlocks = 0;
  /** Hash lanes (low, high) of the sequence's full blocks as far as they were needed; tokens never change, so they stay. */
  #hashes = new Int32Array(16);
  #numHashes = 0;
  #numCommitted = 0;
  /** Serial number of the last committed block. */
  #parent = 0;
  #epoch = 0;

  /** Use `KvCacheManager.createSequence`. */
  constructor(
    pool: BlockPool,
    prefixCache: PrefixCache | undefined,
    hasher: BlockHasher,
    blockSize: number,
    cacheSalt: number,
    reuseCached: boolean,
  ) {
    this.#pool = pool;
    this.#prefixCache = prefixCache;
    this.#hasher = hasher;
    this.#blockSize = blockSize;
    this.#cacheSalt = cacheSalt;
    this.#reuseCached = reuseCached;
  }

  /** Blocks that it holds, shared ones included. */
  get numBlocks(): number {
    return this.#numBlocks;
  }

  /** The block that holds tokens `[index * blockSize, (index + 1) * blockSize)`; `index` is below `numBlocks`. */
  block(index: number): number {
    return this.#blocks[index]!;
  }

  /**
   * Whether `matchPrefix` and then `grow` to `length` tokens would succeed and leave `spare` blocks free. Changes nothing.
   */
  fits(tokens: Int32Array, length: number, spare = 0): boolean {
    let needed = Math.ceil(length / this.#blockSize) + spare;
    if (needed <= this.#pool.free) return true;
    let parent = -this.#cacheSalt;
    for (let i = 0; i < this.#matchable(length); i++) {
      const block = this.#find(i, parent, tokens);
      if (block === NULL_BLOCK) break;
      if (this.#pool.references(block) > 0) needed--;
      parent = this.#prefixCache!.serial(block);
    }
    return needed <= this.#pool.free;
  }

  /**
   * Takes the cached blocks that begin `tokens[0, length)`; at least the last token is left to compute.
   * @returns tokens that need not be computed, a multiple of the block size
   */
  matchPrefix(tokens: Int32Array, length: number): number {
    assertInternal(this.#numBlocks === 0, `a sequence that holds ${this.#numBlocks} blocks looks for a prefix`);
    this.#parent = -this.#cacheSalt;
    if (!this.#prefixCache) return 0;
    this.#epoch = this.#prefixCache.epoch;
    for (let i = 0; i < this.#matchable(length); i++) {
      const block = this.#find(i, this.#parent, tokens);
      if (block === NULL_BLOCK) break;
      this.#pool.retain(block);
      this.#append(block);
      this.#parent = this.#prefixCache.serial(block);
    }
    this.#numCommitted = this.#numBlocks;
    if (this.#reuseCached) this.#prefixCache.queries += length;
    this.#prefixCache.hits += this.#numBlocks * this.#blockSize;
    return this.#numBlocks * this.#blockSize;
  }

  /** Takes blocks until they hold `length` tokens. @returns false, and changes nothing, when too few are free */
  grow(length: number): boolean {
    if (length <= this.#numBlocks * this.#blockSize) return true;
    const missing = Math.ceil(length / this.#blockSize) - this.#numBlocks;
    if (missing > this.#pool.free) return false;
    for (let i = 0; i < missing; i++) this.#append(this.#pool.take());
    return true;
  }

  /**
   * Registers the blocks that the first `length` tokens fill, so that others find them. The tokens may be planned only, if
   * every plan that reads them goes to the device no earlier.
   */
  commit(tokens: Int32Array, length: number): void {
    if (length < (this.#numCommitted + 1) * this.#blockSize) return;
    const cache = this.#prefixCache;
    if (!cache || this.#epoch !== cache.epoch) return;
    const end = Math.floor(length / this.#blockSize);
    assertInternal(end <= this.#numBlocks, `${length} tokens are computed in ${this.#numBlocks} blocks`);
    for (let i = this.#numCommitted; i < end; i++) {
      // Another sequence may have computed the same tokens meanwhile: its block stays the one that is found.
      let block = this.#find(i, this.#parent, tokens);
      if (block === NULL_BLOCK) {
        block = this.#blocks[i]!;
        cache.insert(block, this.#hashes[2 * i]!, this.#hashes[2 * i + 1]!, this.#parent, tokens, i * this.#blockSize);
      }
      this.#parent = cache.serial(block);
    }
    this.#numCommitted = end;
  }

  /** Gives all blocks back. The last goes first into the LRU list: a prefix outlives what follows it. */
  free(): void {
    for (let i = this.#numBlocks - 1; i >= 0; i--) this.#pool.release(this.#blocks[i]!);
    this.#numBlocks = 0;
    this.#numCommitted = 0;
  }

  /** Full blocks that a match may take. */
  #matchable(length: number): number {
    return this.#prefixCache && this.#reuseCached ? Math.floor((length - 1) / this.#blockSize) : 0;
  }

  #find(index: number, parent: number, tokens: Int32Array): number {
    while (this.#numHashes <= index) this.#hashNext(tokens);
    const at = 2 * index;
    return this.#prefixCache!.find(this.#hashes[at]!, this.#hashes[at + 1]!, parent, tokens, index * this.#blockSize);
  }

  #hashNext(tokens: Int32Array): void {
    const at = 2 * this.#numHashes;
    if (at === this.#hashes.length) this.#hashes = enlarged(this.#hashes);
    const low = at === 0 ? this.#cacheSalt | 0 : this.#hashes[at - 2]!;
    const high = at === 0 ? Math.floor(this.#cacheSalt / 2 ** 32) : this.#hashes[at - 1]!;
    const start = this.#numHashes * this.#blockSize;
    this.#hasher.hash(low, high, tokens, start, start + this.#blockSize);
    this.#hashes[at] = this.#hasher.low;
    this.#hashes[at + 1] = this.#hasher.high;
    this.#numHashes++;
  }

  #append(block: number): void {
    if (this.#numBlocks === this.#blocks.length) this.#blocks = enlarged(this.#blocks);
    this.#blocks[this.#numBlocks++] = block;
  }
}

function enlarged(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
