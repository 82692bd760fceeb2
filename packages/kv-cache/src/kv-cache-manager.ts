// The package's face: a pool of blocks, and sequences that share them.
import { checkArgument, NULL_BLOCK } from "@octavo/core";
import { BlockCopies, KvTier } from "./block-copies.js";
import { BlockHasher } from "./block-hash.js";
import { type BlockContents, BlockPool } from "./block-pool.js";
import { FileTier } from "./file-tier.js";
import { HostTier } from "./host-tier.js";
import { KvEventLog } from "./kv-event-log.js";
import { type KvParts, KvSequence } from "./kv-sequence.js";
import { KvSequenceGroup } from "./kv-sequence-group.js";
import { PrefixCache } from "./prefix-cache.js";

/** The size of a cache, and how its blocks are shared. */
export interface KvCacheOptions {
  /** Blocks of the device's cache, the null block included. At least 2. */
  readonly numBlocks: number;
  /** Tokens a block. */
  readonly blockSize: number;
  /** Whether requests share the blocks of equal prefixes. Default: true. */
  readonly enablePrefixCaching?: boolean;
  /** Blocks of host memory for cached content that the device must give up; needs prefix caching. Default: 0. */
  readonly numHostBlocks?: number;
  /** Blocks of a file for content that the host must give up; needs a host tier. Default: 0. */
  readonly numFileBlocks?: number;
  /** Tokens that a token sees, itself included: blocks before them are given back. Default: all. */
  readonly slidingWindow?: number;
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
  /** What must be copied before the step that is planned; the engine runs the commands and clears them. */
  readonly copies = new BlockCopies();
  readonly #pool: BlockPool;
  readonly #prefixCache: PrefixCache | undefined;
  readonly #hostTier: HostTier | undefined;
  readonly #parts: KvParts;
  readonly #slidingWindow: number;

  /** @throws INVALID_ARGUMENT when a size cannot work */
  constructor(options: KvCacheOptions) {
    const { numBlocks, blockSize, enablePrefixCaching = true, hashSeed, numHostBlocks = 0 } = options;
    const { numFileBlocks = 0, slidingWindow = Number.POSITIVE_INFINITY } = options;
    const sizes = `a KV cache of ${numBlocks} blocks of ${blockSize} tokens`;
    checkArgument(Number.isInteger(numBlocks) && numBlocks >= 2, `${sizes}: 2 blocks at least`, "numBlocks");
    checkArgument(Number.isInteger(blockSize) && blockSize >= 1, `${sizes}: 1 token at least`, "blockSize");
    checkArgument(
      Number.isInteger(numHostBlocks) && numHostBlocks >= 0 && (numHostBlocks === 0 || enablePrefixCaching),
      `a host tier of ${numHostBlocks} blocks: a whole number is needed, and prefix caching, whose content it holds`,
      "numHostBlocks",
    );
    checkArgument(
      Number.isInteger(numFileBlocks) && numFileBlocks >= 0 && (numFileBlocks === 0 || numHostBlocks > 0),
      `a file of ${numFileBlocks} blocks: a whole number is needed, and a host tier, through which they go`,
      "numFileBlocks",
    );
    checkArgument(slidingWindow >= 1, `a sliding window of ${slidingWindow} tokens: 1 at least`, "slidingWindow");
    this.blockSize = blockSize;
    this.totalBlocks = numBlocks - 1;
    this.#slidingWindow = slidingWindow;
    if (enablePrefixCaching) {
      // Block 0 of the host tier does not exist either.
      const hostNumbers = numHostBlocks > 0 ? numHostBlocks + 1 : 0;
      const first = numBlocks + hostNumbers;
      const cache = new PrefixCache(numFileBlocks > 0 ? first + numFileBlocks + 1 : first, blockSize);
      this.#prefixCache = cache;
      if (numHostBlocks > 0) {
        const hostTier = new HostTier(numHostBlocks, numBlocks, cache, this.copies);
        if (numFileBlocks > 0) hostTier.fileTier = new FileTier(numFileBlocks, first, cache, this.copies, hostTier);
        this.#hostTier = hostTier;
      }
    }
    this.#pool = new BlockPool(numBlocks, this.#prefixCache && contentsOf(this.#prefixCache, this.#hostTier));
    this.#parts = {
      blockSize,
      pool: this.#pool,
      copies: this.copies,
      hasher: new BlockHasher(hashSeed),
      prefixCache: this.#prefixCache,
      hostTier: this.#hostTier,
      fileTier: this.#hostTier?.fileTier,
      epoch: 0,
    };
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

  get hasHostTier(): boolean {
    return this.#hostTier !== undefined;
  }

  /** Tokens that the device did not have, looked up in the other tiers so far. */
  get externalPrefixCacheQueries(): number {
    return this.#prefixCache?.externalQueries ?? 0;
  }

  /** Of these, tokens that were loaded. */
  get externalPrefixCacheHits(): number {
    return this.#prefixCache?.externalHits ?? 0;
  }

  /** Blocks that were copied to the host tier. */
  get offloadedBlocks(): number {
    return this.#hostTier?.offloaded ?? 0;
  }

  /** Blocks that were copied back. */
  get loadedBlocks(): number {
    return this.#hostTier?.loaded ?? 0;
  }

  /** Blocks that are on their way to the file or from it. */
  get numFileBlocksInFlight(): number {
    return this.#parts.fileTier?.numInFlight ?? 0;
  }

  /**
   * A copy to or from the file has ended.
   * @param block of the file
   * @param ok false when it failed: its content is not found any more
   */
  settleFileBlock(block: number, ok: boolean): void {
    this.#parts.fileTier?.settle(block, ok);
  }

  /** Cached blocks of the device that were overwritten by others' tokens. */
  get evictions(): number {
    return this.#pool.evictions;
  }

  /**
   * Begins to record what is stored and forgotten, after all that is stored now; the records are the caller's to take. Again with
   * every call. Undefined without prefix caching.
   */
  recordEvents(): KvEventLog | undefined {
    const cache = this.#prefixCache;
    if (!cache) return undefined;
    const { numBlocks } = this.#pool;
    const { fileTier } = this.#parts;
    const events = new KvEventLog(this.blockSize, (block) => {
      if (block < numBlocks) return KvTier.device;
      return fileTier?.holds(block) ? KvTier.file : KvTier.host;
    });
    events.cleared();
    cache.describe(events);
    cache.events = events;
    return events;
  }

  stopEvents(): void {
    if (this.#prefixCache) this.#prefixCache.events = undefined;
  }

  /** A sequence without blocks. It needs `free()` only while it holds some. */
  createSequence({ cacheSalt = 0, reuseCached = true }: KvSequenceOptions = {}): KvSequence {
    checkArgument(
      Number.isSafeInteger(cacheSalt) && cacheSalt >= 0,
      `cache salt ${cacheSalt} is not a safe integer of 0 or more`,
      "cacheSalt",
    );
    return new KvSequence(this.#parts, cacheSalt, reuseCached, this.#slidingWindow);
  }

  /**
   * A request's block tables in a model whose layers see windows of different lengths, one table for each group of layers. Without a
   * host tier: content of several groups cannot be loaded as one.
   * @param slidingWindows of each group, in tokens; Infinity: all
   */
  createSequenceGroup(
    slidingWindows: readonly number[],
    { cacheSalt = 0, reuseCached = true }: KvSequenceOptions = {},
  ): KvSequenceGroup {
    checkArgument(!this.#hostTier, "a host tier is not possible with several groups of layers", "numHostBlocks");
    // What groups hold for the same tokens is different content.
    const tables = slidingWindows.map((window, group) => {
      const salt = cacheSalt * slidingWindows.length + group;
      checkArgument(Number.isSafeInteger(salt) && salt >= 0, `cache salt ${cacheSalt} is too large`, "cacheSalt");
      checkArgument(window >= 1, `a sliding window of ${window} tokens: 1 at least`, "slidingWindows");
      return new KvSequence(this.#parts, salt, reuseCached, window);
    });
    return new KvSequenceGroup(tables, () => this.#pool.free);
  }

  /**
   * Forgets all cached content, in every tier, for example because the weights changed. Live sequences keep their blocks, but what they
   * computed so far will not be found by others, nor shared by forks.
   */
  resetPrefixCache(): void {
    this.#parts.epoch++;
    this.#prefixCache?.clear();
    this.#parts.fileTier?.reset();
  }

  /** Blocks that would come free if all these sequences were freed, which must be different ones. */
  freedBy(sequences: Iterable<KvSequence>): number {
    const held = new Int32Array(this.totalBlocks + 1);
    let freed = 0;
    for (const sequence of sequences) {
      for (let i = 0; i < sequence.numBlocks; i++) {
        const block = sequence.block(i);
        if (block !== NULL_BLOCK && ++held[block]! === this.#pool.references(block)) freed++;
      }
    }
    return freed;
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
    held[NULL_BLOCK] = 0;
    this.#pool.checkInvariants(held);
    this.#prefixCache?.checkInvariants();
    this.#hostTier?.checkInvariants();
  }
}

/** What the device's blocks hold: it goes to the host tier, where there is one. */
function contentsOf(cache: PrefixCache, hostTier: HostTier | undefined): BlockContents {
  return {
    has: (block) => cache.has(block),
    evict: (block) => {
      if (!cache.has(block)) return false;
      if (hostTier) hostTier.offload(block);
      else cache.remove(block);
      return true;
    },
  };
}
