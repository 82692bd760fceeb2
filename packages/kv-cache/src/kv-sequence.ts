// One request's blocks, in order, from the first token on: its block table, and its way into the prefix cache.
import { assertInternal, NULL_BLOCK } from "@octavo/core";
import { type BlockCopies, KvTier } from "./block-copies.js";
import type { BlockHasher } from "./block-hash.js";
import { windowBlocks } from "./block-needs.js";
import type { BlockPool } from "./block-pool.js";
import type { TablesOf } from "./block-tables.js";
import { enlarged } from "./enlarged.js";
import type { FileTier } from "./file-tier.js";
import type { HostTier } from "./host-tier.js";
import type { PrefixCache } from "./prefix-cache.js";
import { SequenceHashes } from "./sequence-hashes.js";

/** What the sequences of one cache share. */
export interface KvParts {
  readonly blockSize: number;
  /** Tokens of one sequence that a step computes at most. */
  readonly maxNumBatchedTokens: number;
  readonly pool: BlockPool;
  readonly copies: BlockCopies;
  readonly hasher: BlockHasher;
  readonly prefixCache: PrefixCache | undefined;
  readonly hostTier: HostTier | undefined;
  readonly fileTier: FileTier | undefined;
  /** Raised by a reset: what a sequence computed before must not be registered or shared after. */
  epoch: number;
}

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
  readonly #cacheSalt: number;
  readonly #reuseCached: boolean;
  readonly #slidingWindow: number;
  /** Blocks that it holds at most, however long it is. */
  readonly #windowBlocks: number;
  #blocks = new Int32Array(8);
  #numBlocks = 0;
  /** Blocks at the beginning that were given back because no token sees them any more. */
  #numHidden = 0;
  #firstChanged = 0;
  #endChanged = 0;
  #externalTokens = 0;
  /** Blocks that it had read from the file since it holds none. */
  #numRead = 0;
  readonly #hashes: SequenceHashes;
  #numCommitted = 0;
  /** Whether what comes next can be registered. */
  #canCommit = true;
  /** Serial number of the last committed block. */
  #parent = 0;
  #epoch = 0;

  /** Use `KvCacheManager.createSequence`. @param slidingWindow tokens that a token sees, itself included; Infinity for all */
  constructor(parts: KvParts, cacheSalt: number, reuseCached: boolean, slidingWindow: number) {
    this.#parts = parts;
    this.#blockSize = parts.blockSize;
    this.#cacheSalt = cacheSalt;
    this.#reuseCached = reuseCached;
    this.#slidingWindow = slidingWindow;
    this.#windowBlocks = windowBlocks(slidingWindow, parts.maxNumBatchedTokens, parts.blockSize);
    this.#hashes = new SequenceHashes(parts.hasher, parts.blockSize, cacheSalt);
  }

  /** Entries of its table, shared blocks and those that it gave back included. */
  get numBlocks(): number {
    return this.#numBlocks;
  }

  /**
   * The block that holds tokens `[index * blockSize, (index + 1) * blockSize)`, or NULL_BLOCK where no later token sees them;
   * `index` is below `numBlocks`.
   */
  block(index: number): number {
    return this.#blocks[index]!;
  }

  /** Index of the first block that `grow` took or copied since `forgetChanges`; where there is none, `endChanged`. */
  get firstChanged(): number {
    return this.#firstChanged;
  }

  /** Index behind the last such block. */
  get endChanged(): number {
    return this.#endChanged;
  }

  get numChanged(): number {
    return this.#endChanged - this.#firstChanged;
  }

  /** Index of the first block that it still holds. */
  get firstHeld(): number {
    return this.#numHidden;
  }

  /** The device was told of them. */
  forgetChanges(): void {
    this.#firstChanged = this.#endChanged = 0;
  }

  /** Of the tokens that the last `matchPrefix` found, those that come from another tier than the device. */
  get externalTokens(): number {
    return this.#externalTokens;
  }

  /**
   * Whether `matchPrefix` (unless the sequence holds blocks already) and then `begin` with `length` tokens, of which the first
   * `from` are computed, would succeed and leave `spare` blocks free. Changes nothing.
   */
  fits(tokens: Int32Array, length: number, spare = 0, from = 0): boolean {
    const { free } = this.#parts.pool;
    if (this.#numBlocks === 0 && this.mostBlocks(length) + spare <= free) return true;
    return this.numNeeded(tokens, length, from) + spare <= free;
  }

  /**
   * Free blocks that `matchPrefix` (unless the sequence holds blocks already) and then `begin` with `length` tokens would take.
   * @param most as in {@link matchPrefix}
   */
  numNeeded(tokens: Int32Array, length: number, from = 0, most = length): number {
    if (this.#numBlocks > 0) return this.numToBegin(length, from);
    const found = this.#findPrefix(tokens, length, most);
    const first = this.#numUnseen(found * this.#blockSize);
    let needed = Math.ceil(this.#reach(length, found * this.#blockSize) / this.#blockSize) - first;
    for (let i = first; i < found; i++) {
      const block = this.#blocks[i]!;
      if (this.#isOnDevice(block) && this.#parts.pool.references(block) > 0) needed--;
    }
    return needed;
  }

  /** Free blocks that `begin` would take. */
  numToBegin(length: number, from: number): number {
    return this.numToGrow(this.#reach(length, from), from);
  }

  /** Blocks that a sequence of `length` tokens holds at most. */
  mostBlocks(length: number): number {
    return Math.min(Math.ceil(length / this.#blockSize), this.#windowBlocks);
  }

  /**
   * Whether content that the sequence would find is on its way from the file to the host; begins to read what is not, as long as it
   * has not had half of the host's blocks filled.
   */
  isLoading(tokens: Int32Array, length: number): boolean {
    const { fileTier, hostTier, prefixCache } = this.#parts;
    if (!fileTier || this.#numBlocks > 0) return false;
    let parent = -this.#cacheSalt;
    let loading = false;
    for (let i = 0; i < this.#matchable(length); i++) {
      const block = this.#find(i, parent, tokens);
      if (block === NULL_BLOCK) break;
      // Reading may move others' content to the file, never this one's, which is there.
      parent = prefixCache!.serial(block);
      if (!fileTier.holds(block)) continue;
      if (!fileTier.isReading(block)) {
        if (2 * this.#numRead >= hostTier!.numBlocks || !fileTier.read(block)) break;
        this.#numRead++;
      }
      loading = true;
    }
    return loading;
  }

  /** Tokens that `matchPrefix` would find. */
  prefixLength(tokens: Int32Array, length: number): number {
    return this.#findPrefix(tokens, length, length) * this.#blockSize;
  }

  /**
   * Takes the cached blocks that begin `tokens[0, length)`; at least the last token is left to compute. Content of other tiers is
   * loaded into blocks of the device: copy commands say so.
   * @param most tokens that it takes at most, where other block tables of the request do not have more
   * @returns tokens that need not be computed, a multiple of the block size
   */
  matchPrefix(tokens: Int32Array, length: number, most = length): number {
    assertInternal(this.#numBlocks === 0, `a sequence that holds ${this.#numBlocks} blocks looks for a prefix`);
    this.#parent = -this.#cacheSalt;
    this.#externalTokens = 0;
    const { prefixCache, hostTier, pool } = this.#parts;
    this.#epoch = this.#parts.epoch;
    if (!prefixCache) return 0;
    // All are held before the first is loaded: making room for one must not push out the next.
    const count = this.#findPrefix(tokens, length, most);
    for (let i = 0; i < count; i++) {
      const block = this.#blocks[i]!;
      if (this.#isOnDevice(block)) pool.retain(block);
      else hostTier!.pin(block);
    }
    if (count > 0) this.#parent = prefixCache.serial(this.#blocks[count - 1]!);
    this.#numBlocks = count;
    this.#hideMatched();
    if (hostTier && count > 0) this.#loadMatched(hostTier);
    this.#numCommitted = this.#numBlocks;
    const found = this.#numBlocks * this.#blockSize;
    if (this.#reuseCached) prefixCache.queries += length;
    prefixCache.hits += found - this.#externalTokens;
    if (hostTier && this.#reuseCached) {
      prefixCache.externalQueries += length - (found - this.#externalTokens);
      prefixCache.externalHits += this.#externalTokens;
    }
    return found;
  }

  /**
   * Shares the blocks of `parent` that hold its first `length` tokens, which this sequence must have in common with it; whichever of
   * the two writes into a block that both hold gets a copy (`grow`). Takes no free block. The steps that compute those tokens must
   * have been launched before `grow` is called, since a copy runs before the step that is planned.
   */
  forkFrom({ tables }: BlockTables, length: number): void {
    const parent = tables[0]!;
    assertInternal(this.#numBlocks === 0, `a sequence that holds ${this.#numBlocks} blocks is forked`);
    const count = Math.ceil(length / this.#blockSize);
    assertInternal(
      count <= parent.#numBlocks,
      `${length} tokens are shared by a sequence of ${parent.#numBlocks} blocks`,
    );
    this.#numHidden = Math.min(this.#numUnseen(length), count);
    for (let i = 0; i < count; i++) {
      const block = i < this.#numHidden ? NULL_BLOCK : parent.#blocks[i]!;
      if (block !== NULL_BLOCK) this.#parts.pool.retain(block);
      this.#append(block);
    }
    this.#hashes.copyFrom(parent.#hashes, Math.floor(length / this.#blockSize));
    // What the parent registered is found again by the first commit.
    this.#parent = -this.#cacheSalt;
    this.#epoch = parent.#epoch;
    this.#externalTokens = 0;
  }

  /**
   * Whether `forkFrom` may share so many tokens: their contents are of one kind, no reset was in between,
   * and the parent still holds what is seen of them.
   */
  canForkFrom({ tables }: BlockTables, length: number): boolean {
    const parent = tables[0]!;
    if (this.#parts !== parent.#parts || this.#cacheSalt !== parent.#cacheSalt) return false;
    if (parent.#epoch !== this.#parts.epoch) return false;
    return parent.#numHidden <= this.#numUnseen(length) && length <= parent.#numBlocks * this.#blockSize;
  }

  /**
   * Takes the blocks with which a sequence of `length` tokens, of which the first `from` are computed, starts: those of all its
   * tokens, or with a window so many that it computes all of them without ever holding more.
   * @returns false, and changes nothing, when too few are free
   */
  begin(length: number, from: number): boolean {
    return this.grow(this.#reach(length, from), from);
  }

  /**
   * Takes blocks until they hold `length` tokens, and copies of the shared ones among those that tokens from position `from` on
   * will be written to.
   * @param from default: nothing is written to the blocks that it holds
   * @returns false, and changes nothing, when too few are free
   */
  grow(length: number, from = this.#numBlocks * this.#blockSize): boolean {
    const { pool } = this.#parts;
    const shared = this.#numShared(length, from);
    const missing = this.#numMissing(length);
    if (missing + shared > pool.free) return false;
    const written = this.#numBlocks;
    const first = Math.floor(from / this.#blockSize);
    const end = Math.min(Math.ceil(length / this.#blockSize), written);
    for (let i = first; i < end; i++) if (this.#makeOwn(i)) this.#change(i, i + 1);
    for (let i = 0; i < missing; i++) this.#append(pool.take());
    this.#change(written, this.#numBlocks);
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
    if (length < (this.#numCommitted + 1) * this.#blockSize) return;
    const cache = this.#parts.prefixCache;
    if (!cache || !this.#canCommit || this.#epoch !== this.#parts.epoch) return;
    const end = Math.floor(length / this.#blockSize);
    assertInternal(end <= this.#numBlocks, `${length} tokens are computed in ${this.#numBlocks} blocks`);
    for (let i = this.#numCommitted; i < end; i++) {
      const own = this.#blocks[i]!;
      // Another sequence may have computed the same tokens meanwhile: its block stays the one that is found.
      let block = this.#find(i, this.#parent, tokens);
      if (block === NULL_BLOCK) {
        if (own === NULL_BLOCK) {
          // A fork: what its parent registered before the window is forgotten, so that what follows cannot name it.
          this.#canCommit = false;
          return;
        }
        this.#insert(own, i, tokens);
        block = own;
      } else if (own !== NULL_BLOCK && !this.#isOnDevice(block)) {
        cache.remove(own);
        if (this.#parts.fileTier?.holds(block)) this.#parts.fileTier.supersede(block, own);
        else this.#parts.hostTier!.supersede(block, own);
        block = own;
      }
      this.#parent = cache.serial(block);
      this.#numCommitted = i + 1;
    }
  }

  /**
   * Gives back the blocks that no token from position `next` on can see, where the sequence has a window. Every step that computes
   * tokens before `next` must have been launched: the blocks may be others' in the step that is being planned.
   */
  slide(next: number): void {
    if (this.#slidingWindow === Number.POSITIVE_INFINITY) return;
    let end = Math.min(this.#numUnseen(next), this.#numBlocks);
    const cache = this.#parts.prefixCache;
    // Others should find them, so that they wait until they are registered.
    if (cache && this.#canCommit && this.#epoch === this.#parts.epoch) end = Math.min(end, this.#numCommitted);
    for (; this.#numHidden < end; this.#numHidden++) {
      this.#parts.pool.release(this.#blocks[this.#numHidden]!);
      this.#blocks[this.#numHidden] = NULL_BLOCK;
    }
  }

  /** Gives all blocks back. The last goes first into the LRU list: a prefix outlives what follows it. */
  free(): void {
    for (let i = this.#numBlocks - 1; i >= this.#numHidden; i--) this.#parts.pool.release(this.#blocks[i]!);
    this.#numBlocks = 0;
    this.#numHidden = 0;
    this.#numCommitted = 0;
    this.#canCommit = true;
    this.#numRead = 0;
    this.forgetChanges();
  }

  #change(first: number, end: number): void {
    if (first === end) return;
    const isFirst = this.#firstChanged === this.#endChanged;
    this.#firstChanged = isFirst ? first : Math.min(this.#firstChanged, first);
    this.#endChanged = isFirst ? end : Math.max(this.#endChanged, end);
  }

  /** Blocks at the beginning that no token from position `next` on sees. */
  #numUnseen(next: number): number {
    return Math.floor(Math.max(0, next - this.#slidingWindow + 1) / this.#blockSize);
  }

  /** Tokens that {@link begin} takes blocks for. */
  #reach(length: number, from: number): number {
    return Math.min(length, Math.max(from, this.#slidingWindow - 1) + this.#parts.maxNumBatchedTokens);
  }

  /** Puts the blocks that a match can take into the table, which must be empty and stays so. @returns how many */
  #findPrefix(tokens: Int32Array, length: number, most: number): number {
    const end = Math.min(this.#matchable(length), Math.floor(most / this.#blockSize));
    let parent = -this.#cacheSalt;
    for (let i = 0; i < end; i++) {
      const block = this.#find(i, parent, tokens);
      if (!this.#isNear(block)) return i;
      if (i === this.#blocks.length) this.#blocks = enlarged(this.#blocks);
      this.#blocks[i] = block;
      parent = this.#parts.prefixCache!.serial(block);
    }
    return Math.max(0, end);
  }

  #numMissing(length: number): number {
    return Math.max(Math.ceil(length / this.#blockSize) - this.#numBlocks, 0);
  }

  /** Blocks that others hold too among those that tokens `[from, length)` lie in. */
  #numShared(length: number, from: number): number {
    const end = Math.min(Math.ceil(length / this.#blockSize), this.#numBlocks);
    let shared = 0;
    for (let i = Math.floor(from / this.#blockSize); i < end; i++) {
      if (this.#parts.pool.references(this.#blocks[i]!) > 1) shared++;
    }
    return shared;
  }

  /** Makes the block at `index` one that may be written to. @returns whether it is another one now */
  #makeOwn(index: number): boolean {
    const { pool, copies, prefixCache } = this.#parts;
    const block = this.#blocks[index]!;
    if (pool.references(block) === 1) {
      // The last who shares a full block, at a position inside of it: what it holds will be other tokens.
      prefixCache?.remove(block);
      return false;
    }
    const own = pool.take();
    copies.add(KvTier.device, block, KvTier.device, own);
    pool.release(block);
    this.#blocks[index] = own;
    return true;
  }

  /** Lets go of those just matched that no token after them sees. */
  #hideMatched(): void {
    const end = this.#numUnseen(this.#numBlocks * this.#blockSize);
    for (; this.#numHidden < end; this.#numHidden++) {
      if (!this.#isOnDevice(this.#blocks[this.#numHidden]!)) this.#externalTokens += this.#blockSize;
      this.#letGo(this.#numHidden);
      this.#blocks[this.#numHidden] = NULL_BLOCK;
    }
  }

  /**
   * Replaces the pinned blocks of the host tier among those just matched by blocks of the device, as far as it has some; with less
   * than its window a sequence has nothing.
   */
  #loadMatched(hostTier: HostTier): void {
    const { pool, prefixCache } = this.#parts;
    let end = this.#numHidden;
    for (; end < this.#numBlocks; end++) {
      const block = this.#blocks[end]!;
      if (this.#isOnDevice(block)) continue;
      if (pool.free === 0) break;
      const own = pool.take();
      hostTier.load(block, own);
      this.#blocks[end] = own;
      this.#externalTokens += this.#blockSize;
    }
    if (end === this.#numBlocks) return;
    if (this.#numHidden > 0) end = this.#externalTokens = 0;
    for (let i = this.#numBlocks - 1; i >= Math.max(end, this.#numHidden); i--) this.#letGo(i);
    if (end === 0) this.#numHidden = 0;
    this.#numBlocks = end;
    this.#parent = end === 0 ? -this.#cacheSalt : prefixCache!.serial(this.#blocks[end - 1]!);
  }

  /** Of a block that was just matched. */
  #letGo(index: number): void {
    const block = this.#blocks[index]!;
    if (this.#isOnDevice(block)) this.#parts.pool.release(block);
    else this.#parts.hostTier!.unpin(block);
  }

  #isOnDevice(block: number): boolean {
    return block < this.#parts.pool.numBlocks;
  }

  /** Whether content was found that a match can take at once. */
  #isNear(block: number): boolean {
    return block !== NULL_BLOCK && !this.#parts.fileTier?.holds(block);
  }

  /** Full blocks that a match may take. */
  #matchable(length: number): number {
    return this.#parts.prefixCache && this.#reuseCached ? Math.floor((length - 1) / this.#blockSize) : 0;
  }

  /** The block of any tier that holds the tokens of block `index`, by its number in the prefix cache; or NULL_BLOCK. */
  #find(index: number, parent: number, tokens: Int32Array): number {
    const hashes = this.#hashes;
    hashes.reach(index, tokens);
    const start = index * this.#blockSize;
    return this.#parts.prefixCache!.find(hashes.low(index), hashes.high(index), parent, tokens, start);
  }

  #insert(block: number, index: number, tokens: Int32Array): void {
    const cache = this.#parts.prefixCache!;
    // A shared block may stand there after a parent that was forgotten and registered again since.
    cache.remove(block);
    const hashes = this.#hashes;
    const start = index * this.#blockSize;
    const [parentLow, parentHigh] = index === 0 ? [0, 0] : [hashes.low(index - 1), hashes.high(index - 1)];
    cache.insert(block, hashes.low(index), hashes.high(index), this.#parent, tokens, start, parentLow, parentHigh);
  }

  #append(block: number): void {
    if (this.#numBlocks === this.#blocks.length) this.#blocks = enlarged(this.#blocks);
    this.#blocks[this.#numBlocks++] = block;
  }
}
