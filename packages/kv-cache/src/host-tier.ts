// Blocks of host memory for content that the device had to give up: the second tier, with an LRU list of its own.
import { type BlockCopies, KvTier } from "./block-copies.js";
import { type BlockContents, BlockPool } from "./block-pool.js";
import type { FileTier } from "./file-tier.js";
import type { PrefixCache } from "./prefix-cache.js";

/**
 * Content lies in one tier at a time: it comes here when its device block is handed out (`offload`) and goes back when a
 * sequence finds it (`load`). Blocks are numbered from 1, as the device's; the prefix cache knows them under numbers from
 * `first` + 1 on.
 */
export class HostTier implements BlockContents {
  readonly #first: number;
  readonly #cache: PrefixCache;
  readonly #copies: BlockCopies;
  readonly #pool: BlockPool;
  /** Where content goes on, where there is such a tier. */
  fileTier: FileTier | undefined;
  /** Blocks that came and went so far. */
  offloaded = 0;
  loaded = 0;

  /** @param numBlocks blocks that it holds */
  constructor(numBlocks: number, first: number, cache: PrefixCache, copies: BlockCopies) {
    this.#first = first;
    this.#cache = cache;
    this.#copies = copies;
    this.#pool = new BlockPool(numBlocks + 1, this);
  }

  get numBlocks(): number {
    return this.#pool.numBlocks - 1;
  }

  /** A block's number in the prefix cache. */
  numberOf(block: number): number {
    return this.#first + block;
  }

  has(block: number): boolean {
    return this.#cache.has(this.#first + block);
  }

  evict(block: number): boolean {
    const number = this.#first + block;
    if (this.#cache.has(number) && this.fileTier?.takeOver(block, number)) return true;
    this.fileTier?.forget(block);
    return this.#cache.remove(number);
  }

  /** Takes the content of a device block that is about to be overwritten, if there is room for it. */
  offload(block: number): void {
    if (this.#pool.free === 0) {
      this.#cache.remove(block);
      return;
    }
    const to = this.#pool.take();
    this.#copies.add(KvTier.device, block, KvTier.host, to);
    this.#cache.move(block, this.#first + to);
    this.fileTier?.write(to);
    this.#pool.release(to);
    this.offloaded++;
  }

  /** Takes a block without content, held; 0 where all are held. */
  takeFree(): number {
    return this.#pool.free === 0 ? 0 : this.#pool.take();
  }

  /** Keeps a block from being overwritten until `letGo`. */
  hold(block: number): void {
    this.#pool.retain(block);
  }

  letGo(block: number): void {
    this.#pool.release(block);
  }

  /** Keeps content, by its number in the prefix cache, from being overwritten until `load` or `unpin`. */
  pin(number: number): void {
    this.#pool.retain(number - this.#first);
  }

  unpin(number: number): void {
    this.#pool.release(number - this.#first);
  }

  /** Moves pinned content to a device block. */
  load(number: number, to: number): void {
    this.#copies.add(KvTier.host, number - this.#first, KvTier.device, to);
    this.loaded++;
    this.#replace(number, to);
  }

  /** The same content was computed again, in a device block. */
  supersede(number: number, by: number): void {
    this.pin(number);
    this.#replace(number, by);
  }

  #replace(number: number, by: number): void {
    this.#cache.move(number, by);
    this.fileTier?.forget(number - this.#first);
    this.unpin(number);
  }

  /** @throws INTERNAL when a block is pinned or lost */
  checkInvariants(): void {
    this.#pool.checkInvariants(this.fileTier?.checkInvariants() ?? new Int32Array(this.#pool.numBlocks));
  }
}
