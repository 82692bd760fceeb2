// One request's blocks, in order, from the first token on: its block table.
import { assertInternal, NULL_BLOCK } from "@octavo/core";
import { KvTier } from "./block-copies.js";
import { BlockList } from "./block-list.js";
import type { TablesOf } from "./block-tables.js";
import type { KvParts } from "./kv-parts.js";
import type { PrefixChain } from "./prefix-chain.js";
import { PrefixMatch } from "./prefix-match.js";
import type { SlidingWindow } from "./sliding-window.js";

/** What a request holds of the cache: a {@link KvSequence} for each group of layers, with the calls of one. */
export type BlockTables = TablesOf<KvSequence>;

/**
 * The life of a sequence: `matchPrefix` or `forkFrom` once, then `begin`, `grow` before further tokens are computed, `commit` when
 * they are planned and `slide` before the next ones, then `free`, after which it may begin again (a preempted request does). `tokens` is always the whole
 * sequence from position 0 on, and what was passed once must not change.
 */
export class KvSequence implements TablesOf<KvSequence> {
  /** Itself. */
  readonly tables: readonly KvSequence[] = [this];
  readonly #parts: KvParts;
  readonly #blockSize: number;
  readonly #window: SlidingWindow;
  readonly #blocks = new BlockList();
  readonly #chain: PrefixChain;
  readonly #match: PrefixMatch;
  /** Whether blocks that it writes to may be others', too: those found in the prefix cache are full, so that only forks share such. */
  #hasForks = false;

  /** Use `KvCacheManager.createSequence`. */
  constructor(parts: KvParts, window: SlidingWindow, chain: PrefixChain) {
    this.#parts = parts;
    this.#blockSize = parts.blockSize;
    this.#window = window;
    this.#chain = chain;
    this.#match = new PrefixMatch(parts, window, this.#blocks, chain);
  }

  /** Entries of its table, shared blocks and those that it gave back included. */
  get numBlocks(): number {
    return this.#blocks.length;
  }

  /**
   * The block that holds tokens `[index * blockSize, (index + 1) * blockSize)`, or NULL_BLOCK where no later token sees them;
   * `index` is below `numBlocks`.
   */
  block(index: number): number {
    return this.#blocks.at(index);
  }

  /** Index of the first block that `grow` took or copied since `forgetChanges`; where there is none, `endChanged`. */
  get firstChanged(): number {
    return this.#blocks.firstChanged;
  }

  /** Index behind the last such block. */
  get endChanged(): number {
    return this.#blocks.endChanged;
  }

  get numChanged(): number {
    return this.#blocks.endChanged - this.#blocks.firstChanged;
  }

  /** Index of the first block that it still holds. */
  get firstHeld(): number {
    return this.#blocks.numHidden;
  }

  /** The device was told of them. */
  forgetChanges(): void {
    this.#blocks.forgetChanges();
  }

  /** Of the tokens that the last `matchPrefix` found, those that come from another tier than the device. */
  get externalTokens(): number {
    return this.#match.externalTokens;
  }

  /**
   * Whether `matchPrefix` (unless the sequence holds blocks already) and then `begin` with `length` tokens, of which the first
   * `from` are computed, would succeed and leave `spare` blocks free. Changes nothing.
   */
  fits(tokens: Int32Array, length: number, spare = 0, from = 0): boolean {
    const { free } = this.#parts.pool;
    if (this.#blocks.length === 0 && this.mostBlocks(length) + spare <= free) return true;
    return this.numNeeded(tokens, length, from) + spare <= free;
  }

  /**
   * Free blocks that `matchPrefix` (unless the sequence holds blocks already) and then `begin` with `length` tokens would take.
   * @param most as in {@link holdPrefix}
   */
  numNeeded(tokens: Int32Array, length: number, from = 0, most = length): number {
    if (this.#blocks.length > 0) return this.numToBegin(length, from);
    const found = this.#match.find(tokens, length, most);
    const first = this.#window.numUnseen(found * this.#blockSize);
    const end = Math.ceil(this.#window.reach(length, found * this.#blockSize) / this.#blockSize);
    return end - first - this.#match.numShared(first, found);
  }

  /** Free blocks that `begin` would take. */
  numToBegin(length: number, from: number): number {
    return this.numToGrow(this.#window.reach(length, from), from);
  }

  /** Blocks that a sequence of `length` tokens holds at most. */
  mostBlocks(length: number): number {
    return this.#window.mostBlocks(length);
  }

  /**
   * Whether content that the sequence would find is on its way from the file to the host; begins to read what is not, as long as it
   * has not had half of the host's blocks filled.
   */
  isLoading(tokens: Int32Array, length: number): boolean {
    return this.#blocks.length === 0 && this.#match.isLoading(tokens, length);
  }

  /** Tokens that `matchPrefix` would find. */
  prefixLength(tokens: Int32Array, length: number): number {
    return this.#match.find(tokens, length, length) * this.#blockSize;
  }

  /**
   * Takes the cached blocks that begin `tokens[0, length)`; at least the last token is left to compute. Content of other tiers is
   * loaded into blocks of the device: copy commands say so.
   * @returns tokens that need not be computed, a multiple of the block size
   */
  matchPrefix(tokens: Int32Array, length: number): number {
    this.holdPrefix(tokens, length, length);
    this.loadPrefix();
    const found = this.#blocks.length * this.#blockSize;
    this.countLookup(length, found, this.externalTokens);
    return found;
  }

  /**
   * The first half of {@link matchPrefix}: what it takes is held, in whichever tier it lies.
   * @param most tokens that it takes at most, where other block tables of the request do not have more
   * @returns free blocks that the second half, {@link loadPrefix}, takes
   */
  holdPrefix(tokens: Int32Array, length: number, most: number): number {
    assertInternal(this.#blocks.length === 0, `a sequence that holds ${this.#blocks.length} blocks looks for a prefix`);
    this.#match.hold(tokens, length, most);
    return this.#match.numToLoad;
  }

  loadPrefix(): void {
    this.#match.load();
  }

  /** Instead of {@link loadPrefix}: it has found nothing. */
  dropPrefix(): void {
    this.#match.drop();
  }

  /** Adds a request's lookup to the cache's counts. */
  countLookup(length: number, found: number, external: number): void {
    const { prefixCache: cache, hostTier } = this.#parts;
    if (!cache || !this.#chain.reuseCached) return;
    cache.queries += length;
    cache.hits += found - external;
    if (!hostTier) return;
    cache.externalQueries += length - (found - external);
    cache.externalHits += external;
  }

  /**
   * Shares the blocks of `parent` that hold its first `length` tokens, which this sequence must have in common with it; whichever of
   * the two writes into a block that both hold gets a copy (`grow`). Takes no free block. The steps that compute those tokens must
   * have been launched before `grow` is called, since a copy runs before the step that is planned.
   */
  forkFrom({ tables }: BlockTables, length: number): void {
    const parent = tables[0]!;
    const blocks = this.#blocks;
    assertInternal(blocks.length === 0, `a sequence that holds ${blocks.length} blocks is forked`);
    const count = Math.ceil(length / this.#blockSize);
    assertInternal(
      count <= parent.numBlocks,
      `${length} tokens are shared by a sequence of ${parent.numBlocks} blocks`,
    );
    blocks.numHidden = Math.min(this.#window.numUnseen(length), count);
    for (let i = 0; i < count; i++) {
      const block = i < blocks.numHidden ? NULL_BLOCK : parent.block(i);
      if (block !== NULL_BLOCK) this.#parts.pool.retain(block);
      blocks.append(block);
    }
    this.#chain.fork(parent.#chain, length);
    this.#match.externalTokens = 0;
    this.#hasForks = parent.#hasForks = true;
  }

  /**
   * Whether `forkFrom` may share so many tokens: their contents are of one kind, no reset was in between,
   * and the parent still holds what is seen of them.
   */
  canForkFrom({ tables }: BlockTables, length: number): boolean {
    const parent = tables[0]!;
    if (this.#parts !== parent.#parts || this.#chain.root !== parent.#chain.root || !parent.#chain.isCurrent)
      return false;
    return parent.firstHeld <= this.#window.numUnseen(length) && length <= parent.numBlocks * this.#blockSize;
  }

  /**
   * Takes the blocks with which a sequence of `length` tokens, of which the first `from` are computed, starts: those of all its
   * tokens, or with a window so many that it computes all of them without ever holding more.
   * @returns false, and changes nothing, when too few are free
   */
  begin(length: number, from: number): boolean {
    return this.grow(this.#window.reach(length, from), from);
  }

  /**
   * Takes blocks until they hold `length` tokens, and copies of the shared ones among those that tokens from position `from` on
   * will be written to.
   * @param from default: nothing is written to the blocks that it holds
   * @returns false, and changes nothing, when too few are free
   */
  grow(length: number, from = this.#blocks.length * this.#blockSize): boolean {
    const blocks = this.#blocks;
    // Most calls end here: a step adds a token to a block.
    if (length <= blocks.length * this.#blockSize && !this.#hasForks) return true;
    const { pool } = this.#parts;
    const missing = this.#numMissing(length);
    if (missing + this.#numShared(length, from) > pool.free) return false;
    const written = blocks.length;
    if (this.#hasForks) this.#ownFrom(from, length);
    for (let i = 0; i < missing; i++) blocks.append(pool.take());
    blocks.change(written, blocks.length);
    return true;
  }

  /** Free blocks that `grow` would take. */
  numToGrow(length: number, from: number): number {
    return this.#numMissing(length) + this.#numShared(length, from);
  }

  /**
   * Registers the blocks that the first `length` tokens fill, so that others find them. The tokens may be planned only, if
   * every plan that reads them goes to the device no earlier.
   */
  commit(tokens: Int32Array, length: number): void {
    this.#chain.commit(this.#blocks, tokens, length);
  }

  /**
   * Gives back the blocks that no token from position `next` on can see, where the sequence has a window. Every step that computes
   * tokens before `next` must have been launched: the blocks may be others' in the step that is being planned.
   */
  slide(next: number): void {
    if (this.#window.tokens === Number.POSITIVE_INFINITY) return;
    const blocks = this.#blocks;
    // Others should find them, so that they wait until they are registered.
    const end = Math.min(this.#window.numUnseen(next), blocks.length, this.#chain.numSettled);
    while (blocks.numHidden < end) this.#parts.pool.release(blocks.hideNext());
  }

  /** Gives all blocks back. The last goes first into the LRU list: a prefix outlives what follows it. */
  free(): void {
    const blocks = this.#blocks;
    for (let i = blocks.length - 1; i >= blocks.numHidden; i--) this.#parts.pool.release(blocks.at(i));
    blocks.clear();
    this.#chain.end();
    this.#match.end();
    this.#hasForks = false;
  }

  #numMissing(length: number): number {
    return Math.max(Math.ceil(length / this.#blockSize) - this.#blocks.length, 0);
  }

  /** Blocks that others hold too among those that tokens `[from, length)` lie in. */
  #numShared(length: number, from: number): number {
    if (!this.#hasForks) return 0;
    const end = Math.min(Math.ceil(length / this.#blockSize), this.#blocks.length);
    let shared = 0;
    for (let i = Math.floor(from / this.#blockSize); i < end; i++) {
      if (this.#parts.pool.references(this.#blocks.at(i)) > 1) shared++;
    }
    return shared;
  }

  /** Makes the blocks that it has for tokens `[from, length)` ones that may be written to. */
  #ownFrom(from: number, length: number): void {
    const end = Math.min(Math.ceil(length / this.#blockSize), this.#blocks.length);
    for (let i = Math.floor(from / this.#blockSize); i < end; i++) {
      if (this.#makeOwn(i)) this.#blocks.change(i, i + 1);
    }
  }

  /** Makes the block at `index` one that may be written to. @returns whether it is another one now */
  #makeOwn(index: number): boolean {
    const { pool, copies, prefixCache } = this.#parts;
    const block = this.#blocks.at(index);
    if (pool.references(block) === 1) {
      // The last who shares a full block, at a position inside of it: what it holds will be other tokens.
      prefixCache?.remove(block);
      return false;
    }
    const own = pool.take();
    copies.add(KvTier.device, block, KvTier.device, own);
    pool.release(block);
    this.#blocks.put(index, own);
    return true;
  }
}
