// How a sequence gets what is cached of its prompt: it finds blocks of any tier, holds them all, and then loads those of other tiers
// into blocks of the device.
import { NULL_BLOCK } from "@octavo/core";
import type { BlockList } from "./block-list.js";
import type { KvParts } from "./kv-parts.js";
import type { PrefixChain } from "./prefix-chain.js";
import type { SlidingWindow } from "./sliding-window.js";

export class PrefixMatch {
  /** Of the tokens that were taken last, those that come from another tier than the device. */
  externalTokens = 0;
  /** Held blocks that are still to be loaded. */
  numToLoad = 0;
  readonly #parts: KvParts;
  readonly #window: SlidingWindow;
  readonly #blocks: BlockList;
  readonly #chain: PrefixChain;
  /** Blocks that were read from the file since the sequence holds none. */
  #numRead = 0;

  constructor(parts: KvParts, window: SlidingWindow, blocks: BlockList, chain: PrefixChain) {
    this.#parts = parts;
    this.#window = window;
    this.#blocks = blocks;
    this.#chain = chain;
  }

  /** Puts the blocks that a match can take into the list, which must be empty and stays so. @returns how many */
  find(tokens: Int32Array, length: number, most: number): number {
    const end = Math.min(this.#chain.matchable(length), Math.floor(most / this.#parts.blockSize));
    let parent = this.#chain.root;
    for (let i = 0; i < end; i++) {
      const block = this.#chain.find(i, parent, tokens);
      if (block === NULL_BLOCK || this.#parts.fileTier?.holds(block)) return i;
      this.#blocks.put(i, block);
      parent = this.#parts.prefixCache!.serial(block);
    }
    return Math.max(0, end);
  }

  /** Of blocks `[first, end)` that were just found, those that are used already: they take no free block. */
  numShared(first: number, end: number): number {
    const { pool } = this.#parts;
    let shared = 0;
    for (let i = first; i < end; i++) {
      const block = this.#blocks.at(i);
      if (this.#isOnDevice(block) && pool.references(block) > 0) shared++;
    }
    return shared;
  }

  /**
   * Finds blocks and holds those that are seen, so that no other is pushed out by making room for one. Those of other tiers cannot be
   * used before `load`.
   */
  hold(tokens: Int32Array, length: number, most: number): void {
    const { blockSize, pool, hostTier } = this.#parts;
    this.externalTokens = this.numToLoad = 0;
    const count = this.find(tokens, length, most);
    this.#blocks.length = count;
    this.#chain.begin(this.#blocks, count);
    for (let i = 0; i < count; i++) {
      const block = this.#blocks.at(i);
      if (this.#isOnDevice(block)) pool.retain(block);
      else {
        hostTier!.pin(block);
        this.numToLoad++;
      }
    }
    // What no later token sees was used, too, so that it is not the first to be forgotten.
    for (let hidden = this.#window.numUnseen(count * blockSize); hidden > 0; hidden--) {
      const block = this.#blocks.hideNext();
      if (!this.#isOnDevice(block)) {
        this.externalTokens += blockSize;
        this.numToLoad--;
      }
      this.#letGo(block);
    }
  }

  /**
   * Replaces held blocks of the host tier by blocks of the device, as far as it has some; with less than its window a sequence has
   * nothing.
   */
  load(): void {
    if (this.numToLoad === 0) return;
    const { blockSize, pool, hostTier } = this.#parts;
    const blocks = this.#blocks;
    let end = blocks.numHidden;
    for (; end < blocks.length; end++) {
      const block = blocks.at(end);
      if (this.#isOnDevice(block)) continue;
      if (pool.free === 0) break;
      const own = pool.take();
      hostTier!.load(block, own);
      blocks.put(end, own);
      this.externalTokens += blockSize;
      this.numToLoad--;
    }
    if (end < blocks.length) this.#shorten(blocks.numHidden > 0 ? 0 : end);
  }

  /** Lets go of all that is held. */
  drop(): void {
    this.#shorten(0);
  }

  /**
   * Whether content that would be found is on its way from the file to the host; begins to read what is not, as long as the request
   * has not had half of the host's blocks filled.
   */
  isLoading(tokens: Int32Array, length: number): boolean {
    const { fileTier, hostTier, prefixCache, numGroups } = this.#parts;
    if (!fileTier) return false;
    let parent = this.#chain.root;
    let loading = false;
    for (let i = 0; i < this.#chain.matchable(length); i++) {
      const block = this.#chain.find(i, parent, tokens);
      if (block === NULL_BLOCK) break;
      // Reading may move others' content to the file, never this one's, which is there.
      parent = prefixCache!.serial(block);
      if (!fileTier.holds(block)) continue;
      if (!fileTier.isReading(block)) {
        if (2 * numGroups * this.#numRead >= hostTier!.numBlocks || !fileTier.read(block)) break;
        this.#numRead++;
      }
      loading = true;
    }
    return loading;
  }

  /** The sequence holds nothing any more. */
  end(): void {
    this.#numRead = 0;
  }

  /** Lets go of the blocks from `end` on. The last goes first, as in `KvSequence.free`. */
  #shorten(end: number): void {
    const blocks = this.#blocks;
    for (let i = blocks.length - 1; i >= Math.max(end, blocks.numHidden); i--) this.#letGo(blocks.at(i));
    blocks.length = end;
    if (end === 0) blocks.numHidden = this.externalTokens = 0;
    this.#chain.begin(blocks, end);
    this.numToLoad = 0;
  }

  #letGo(block: number): void {
    if (this.#isOnDevice(block)) this.#parts.pool.release(block);
    else this.#parts.hostTier!.unpin(block);
  }

  #isOnDevice(block: number): boolean {
    return block < this.#parts.pool.numBlocks;
  }
}
