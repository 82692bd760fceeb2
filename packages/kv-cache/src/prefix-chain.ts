// What a sequence's blocks are called in the prefix cache: each by its tokens and the block before it.
import { assertInternal, NULL_BLOCK } from "@octavo/core";
import type { BlockList } from "./block-list.js";
import type { KvParts } from "./kv-parts.js";
import type { SequenceHashes } from "./sequence-hashes.js";

export class PrefixChain {
  /** The parent of first blocks. */
  readonly root: number;
  /** Whether it takes what is cached. */
  readonly reuseCached: boolean;
  readonly #parts: KvParts;
  readonly #group: number;
  readonly #hashes: SequenceHashes;
  #numCommitted = 0;
  /** Tokens at which there is a block to register. */
  #nextCommit: number;
  /** Whether what comes next can be registered. */
  #canCommit = true;
  /** Serial number of the last committed block. */
  #parent = 0;
  #epoch = 0;

  /** @param hashes those of the request, whose groups have the same tokens */
  constructor(parts: KvParts, group: number, cacheSalt: number, hashes: SequenceHashes, reuseCached: boolean) {
    this.root = -cacheSalt;
    this.#parts = parts;
    this.#group = group;
    this.#hashes = hashes;
    this.reuseCached = reuseCached;
    this.#nextCommit = parts.prefixCache ? parts.blockSize : Number.POSITIVE_INFINITY;
  }

  /** Whether no reset came since its blocks were found or shared. */
  get isCurrent(): boolean {
    return this.#epoch === this.#parts.epoch;
  }

  /** Blocks that need not be kept for registering them: those that are registered, or all where none will be. */
  get numSettled(): number {
    const commits = this.#parts.prefixCache && this.#canCommit && this.isCurrent;
    return commits ? this.#numCommitted : Number.POSITIVE_INFINITY;
  }

  /** Full blocks of `length` tokens that a match may take: the last token is left to compute. */
  matchable(length: number): number {
    return this.#parts.prefixCache && this.reuseCached ? Math.floor((length - 1) / this.#parts.blockSize) : 0;
  }

  /** The block of any tier that holds the tokens of block `index`, by its number in the prefix cache; or NULL_BLOCK. */
  find(index: number, parent: number, tokens: Int32Array): number {
    this.#hashes.reach(index, tokens);
    return this.#parts.prefixCache!.find(this.#group, this.#hashes, index, parent, tokens);
  }

  /** The first `count` blocks were found. */
  begin(blocks: BlockList, count: number): void {
    this.#epoch = this.#parts.epoch;
    this.#parent = count === 0 ? this.root : this.#parts.prefixCache!.serial(blocks.at(count - 1));
    this.#committed(count);
  }

  /** The first `length` tokens are those of `parent`. What it registered is found again by the first commit. */
  fork(parent: PrefixChain, length: number): void {
    this.#hashes.copyFrom(parent.#hashes, Math.floor(length / this.#parts.blockSize));
    this.#parent = this.root;
    this.#epoch = parent.#epoch;
  }

  /** Registers the blocks that the first `length` tokens fill. See `KvSequence.commit`. */
  commit(blocks: BlockList, tokens: Int32Array, length: number): void {
    if (length < this.#nextCommit || !this.#canCommit || !this.isCurrent) return;
    const { blockSize, pool } = this.#parts;
    const cache = this.#parts.prefixCache!;
    const end = Math.floor(length / blockSize);
    assertInternal(end <= blocks.length, `${length} tokens are computed in ${blocks.length} blocks`);
    for (let i = this.#numCommitted; i < end; i++) {
      const own = blocks.at(i);
      // Another sequence may have computed the same tokens meanwhile: its block stays the one that is found.
      let block = this.find(i, this.#parent, tokens);
      if (block === NULL_BLOCK) {
        if (own === NULL_BLOCK) {
          // A fork: what its parent registered before the window is forgotten, so that what follows cannot name it.
          this.#canCommit = false;
          return;
        }
        // A shared block may stand there after a parent that was forgotten and registered again since.
        cache.remove(own);
        cache.insert(own, this.#group, this.#hashes, i, this.#parent, tokens);
        block = own;
      } else if (own !== NULL_BLOCK && block >= pool.numBlocks) {
        this.#supersede(block, own);
        block = own;
      }
      this.#parent = cache.serial(block);
      this.#committed(i + 1);
    }
  }

  /** The sequence holds nothing any more. */
  end(): void {
    this.#committed(0);
    this.#canCommit = true;
  }

  #committed(count: number): void {
    this.#numCommitted = count;
    if (this.#parts.prefixCache) this.#nextCommit = (count + 1) * this.#parts.blockSize;
  }

  /** What another tier has was computed again. */
  #supersede(block: number, own: number): void {
    const { prefixCache, hostTier, fileTier } = this.#parts;
    prefixCache!.remove(own);
    if (fileTier?.holds(block)) fileTier.supersede(block, own);
    else hostTier!.supersede(block, own);
  }
}
