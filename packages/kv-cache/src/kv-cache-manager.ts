// The package's face: a pool of blocks, and sequences that share them.
import { checkArgument } from "@octavo/core";
import { BlockHasher } from "./block-hash.js";
import { BlockPool } from "./block-pool.js";
import { KvSequence } from "./kv-sequence.js";
import { PrefixCache } from "./prefix-cache.js";

/** The size of a cache, and how its blocks are shared. */
export interface KvCacheOptions {
  /** Blocks of the device's cache, the null block included. At least 2. */
  readonly numBlocks: number;
  /** Tokens a block. */
  readonly blockSize: number;
  /** Whether requests share the blocks of equal prefixes. Default: true. */
  readonly enablePrefixCaching?: boolean;
  /** Makes block hashes reproducible, for tests. Default: random, so that clients cannot prepare collisions. */
  readonly hashSeed?: number;
}

/** With whom a sequence shares blocks. */
export interface KvSequenceOptions {
  /** Sequences share prefixes only with those of the same salt. A safe integer, not negative. Default: 0. */
  readonly cacheSalt?: number;
  /** False: it takes no cached blocks, so that all its tokens are computed; others may still find what it computes. Default: true. */
  readonly reuseCached?: boolean;
}

/**
 * Decides which block of a paged KV cache holds which tokens; the bytes are the engine's. Block 0 is the null block
 * (`NULL_BLOCK`) and never handed out.
 */
export class KvCacheManager {
  /** Tokens a block. */
  readonly blockSize: number;
  /** Blocks that sequences can hold. */
  readonly totalBlocks: number;
  readonly #pool: BlockPool;
  readonly #prefixCache: PrefixCache | undefined;
  readonly #hasher: BlockHasher;

  /** @throws INVALID_ARGUMENT when a size cannot work */
  constructor({ numBlocks, blockSize, enablePrefixCaching = true, hashSeed }: KvCacheOptions) {
    const sizes = `a KV cache of ${numBlocks} blocks of ${blockSize} tokens`;
    checkArgument(Number.isInteger(numBlocks) && numBlocks >= 2, `${sizes}: 2 blocks at least`, "numBlocks");
    checkArgument(Number.isInteger(blockSize) && blockSize >= 1, `${sizes}: 1 token at least`, "blockSize");
    this.blockSize = blockSize;
    this.totalBlocks = numBlocks - 1;
    this.#prefixCache = enablePrefixCaching ? new PrefixCache(numBlocks, blockSize) : undefined;
    this.#pool = new BlockPool(numBlocks, this.#prefixCache);
    this.#hasher = new BlockHasher(hashSeed);
  }

  /** Blocks that no sequence holds; some may still hold cached content. */
  get freeBlocks(): number {
    return this.#pool.free;
  }

  /** Blocks that sequences hold, shared ones counted once. */
  get usedBlocks(): number {
    return this.totalBlocks - this.#pool.free;
  }

  /** Blocks with content that others can find, free or not. */
  get cachedBlocks(): number {
    return this.#prefixCache?.size ?? 0;
  }

  /** Tokens looked up in the prefix cache so far. */
  get prefixCacheQueries(): number {
    return this.#prefixCache?.queries ?? 0;
  }

  /** Of these, tokens that need not be computed. */
  get prefixCacheHits(): number {
    return this.#prefixCache?.hits ?? 0;
  }

  /** Cached blocks that were overwritten by others' tokens. */
  get evictions(): number {
    return this.#pool.evictions;
  }

  /** A sequence without blocks. It needs `free()` only while it holds some. */
  createSequence({ cacheSalt = 0, reuseCached = true }: KvSequenceOptions = {}): KvSequence {
    checkArgument(
      Number.isSafeInteger(cacheSalt) && cacheSalt >= 0,
      `cache salt ${cacheSalt} is not a safe integer of 0 or more`,
      "cacheSalt",
    );
    return new KvSequence(this.#pool, this.#prefixCache, this.#hasher, this.blockSize, cacheSalt, reuseCached);
  }

  /**
   * Forgets all cached content, for example because the weights changed. Live sequences keep their blocks, but what they
   * computed so far will not be found by others.
   */
  resetPrefixCache(): void {
    this.#prefixCache?.clear();
  }

  /**
   * Checks that every block is free or held as often as its count says, that free + used = total, and that the hash table
   * is whole.
   * @param sequences all that hold blocks: a block held by none of them is a leak
   * @throws INTERNAL with the numbers
   */
  checkInvariants(sequences: Iterable<KvSequence>): void {
    const held = new Int32Array(this.totalBlocks + 1);
    for (const sequence of sequences) {
      for (let i = 0; i < sequence.numBlocks; i++) held[sequence.block(i)]!++;
    }
    this.#pool.checkInvariants(held);
    this.#prefixCache?.checkInvariants();
  }
}
