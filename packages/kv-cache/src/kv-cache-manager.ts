// The package's face: a pool of blocks, and sequences that share them.
import { checkArgument, NULL_BLOCK } from "@octavo/core";
import { BlockCopies, KvTier } from "./block-copies.js";
import { BlockHasher } from "./block-hash.js";
import { type BlockNeeds, longestSequence } from "./block-needs.js";
import { type BlockContents, BlockPool } from "./block-pool.js";
import { FileTier } from "./file-tier.js";
import { HostTier } from "./host-tier.js";
import { KvEventLog } from "./kv-event-log.js";
import type { KvParts } from "./kv-parts.js";
import { type BlockTables, KvSequence } from "./kv-sequence.js";
import { KvSequenceGroup } from "./kv-sequence-group.js";
import { PrefixCache } from "./prefix-cache.js";
import { PrefixChain } from "./prefix-chain.js";
import { SequenceHashes } from "./sequence-hashes.js";
import { SlidingWindow } from "./sliding-window.js";

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
  /**
   * For each group of layers, the tokens that a token sees, itself included; Infinity: all. Blocks before them are given back. Groups
   * have a block table each and share the blocks. At most 256. Default: one group that sees all.
   */
  readonly slidingWindows?: readonly number[];
  /** Tokens of one sequence that a step computes at most; with a window it takes so many beside it. Default: no limit. */
  readonly maxNumBatchedTokens?: number;
  /** Makes block hashes reproducible, for tests. Default: random, so that clients cannot prepare collisions. */
  readonly hashSeed?: number;
}

/** What tells the group of a cached block is a byte. */
const MAX_GROUPS = 256;

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
  readonly #needs: BlockNeeds;
  /** Of each group. */
  readonly #windows: readonly SlidingWindow[];

  /** @throws INVALID_ARGUMENT when a size cannot work */
  constructor(options: KvCacheOptions) {
    const { numBlocks, blockSize, enablePrefixCaching = true, hashSeed, numHostBlocks = 0 } = options;
    const { numFileBlocks = 0, slidingWindows = [Number.POSITIVE_INFINITY] } = options;
    const { maxNumBatchedTokens = Number.POSITIVE_INFINITY } = options;
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
    checkArgument(
      slidingWindows.length > 0 && slidingWindows.length <= MAX_GROUPS,
      `${slidingWindows.length} groups of layers: one window at least, ${MAX_GROUPS} at most`,
      "slidingWindows",
    );
    for (const window of slidingWindows) {
      checkArgument(window >= 1, `a sliding window of ${window} tokens: 1 at least`, "slidingWindows");
    }
    this.blockSize = blockSize;
    this.totalBlocks = numBlocks - 1;
    const needs = { blockSize, slidingWindows, maxNumBatchedTokens };
    this.#needs = needs;
    this.#windows = slidingWindows.map((window) => new SlidingWindow(window, needs));
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
      numGroups: slidingWindows.length,
      pool: this.#pool,
      copies: this.copies,
      hasher: new BlockHasher(hashSeed),
      prefixCache: this.#prefixCache,
      hostTier: this.#hostTier,
      fileTier: this.#hostTier?.fileTier,
      epoch: 0,
    };
  }

  /** Groups of layers with block tables of their own. */
  get numGroups(): number {
    return this.#needs.slidingWindows.length;
  }

  /** Tokens of the longest sequence that fits, alone; Infinity where windows bound what any sequence holds. */
  get longestSequence(): number {
    return longestSequence(this.totalBlocks, this.#needs);
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

  /** A sequence without blocks, of the first group. It needs `free()` only while it holds some. */
  createSequence(options: KvSequenceOptions = {}): KvSequence {
    return this.#createTable(0, options, this.#createHashes(options));
  }

  /** What a request holds, without blocks: a sequence for each group. It needs `free()` only while it holds some. */
  createTables(options: KvSequenceOptions = {}): BlockTables {
    if (this.numGroups === 1) return this.createSequence(options);
    const hashes = this.#createHashes(options);
    const tables = this.#windows.map((_, group) => this.#createTable(group, options, hashes));
    return new KvSequenceGroup(tables, () => this.#pool.free);
  }

  #createHashes({ cacheSalt = 0 }: KvSequenceOptions): SequenceHashes {
    checkArgument(
      Number.isSafeInteger(cacheSalt) && cacheSalt >= 0,
      `cache salt ${cacheSalt} is not a safe integer of 0 or more`,
      "cacheSalt",
    );
    return new SequenceHashes(this.#parts.hasher, this.blockSize, cacheSalt);
  }

  #createTable(
    group: number,
    { cacheSalt = 0, reuseCached = true }: KvSequenceOptions,
    hashes: SequenceHashes,
  ): KvSequence {
    const chain = new PrefixChain(this.#parts, group, cacheSalt, hashes, reuseCached);
    return new KvSequence(this.#parts, this.#windows[group]!, chain);
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
  freedBy(sequences: Iterable<BlockTables>): number {
    const held = new Int32Array(this.totalBlocks + 1);
    let freed = 0;
    for (const sequence of tablesOf(sequences)) {
      for (let i = sequence.firstHeld; i < sequence.numBlocks; i++) {
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
  checkInvariants(sequences: Iterable<BlockTables>): void {
    const held = new Int32Array(this.totalBlocks + 1);
    for (const sequence of tablesOf(sequences)) {
      for (let i = 0; i < sequence.numBlocks; i++) held[sequence.block(i)]!++;
    }
    held[NULL_BLOCK] = 0;
    this.#pool.checkInvariants(held);
    this.#prefixCache?.checkInvariants();
    this.#hostTier?.checkInvariants();
  }
}

function* tablesOf(sequences: Iterable<BlockTables>): Generator<KvSequence> {
  for (const { tables } of sequences) yield* tables;
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
