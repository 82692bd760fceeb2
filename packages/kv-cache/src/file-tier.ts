// Blocks of a file: the third tier. Writing and reading take a while, so that blocks are in flight in between.
import { type BlockCopies, KvTier } from "./block-copies.js";
import { type BlockContents, BlockPool } from "./block-pool.js";
import type { PrefixCache } from "./prefix-cache.js";

/** Blocks that are being written, and read, at most. What comes beyond is written later; who wants to read waits. */
export const MAX_FILE_WRITES = 4;
export const MAX_FILE_READS = 8;

/** What it needs of the host's tier. */
interface HostBlocks {
  readonly numBlocks: number;
  has(block: number): boolean;
  /** A block's number in the prefix cache. */
  numberOf(block: number): number;
  /** Takes a block without content, held; 0 where all are held. */
  takeFree(): number;
  /** Keeps a block from being overwritten until `letGo`. */
  hold(block: number): void;
  letGo(block: number): void;
}

/** Blocks of the host that are looked at for one to write, when a write has ended. */
const LOOKED_AT = 64;

/**
 * A block of the host is written here soon after it has come there; the copy becomes the content's place when the host gives it up.
 * Reading brings content back to the host, and keeps the copy. Blocks are numbered from 1; the prefix cache knows them under
 * numbers from `first` + 1 on. While a block is in flight, both its blocks are held.
 */
export class FileTier implements BlockContents {
  readonly #first: number;
  readonly #cache: PrefixCache;
  readonly #copies: BlockCopies;
  readonly #host: HostBlocks;
  readonly #pool: BlockPool;
  /** For a block: the host's block that it is a copy of, or goes to; 0 for none. */
  readonly #hostOf: Int32Array;
  /** For a block of the host: its copy, or the one that is being written; 0 for none. */
  readonly #copyOf: Int32Array;
  readonly #written: Uint8Array;
  /** Blocks of the host whose content was written once, so that a full file is not written again and again. */
  readonly #wasWritten: Uint8Array;
  readonly #writing = new Set<number>();
  readonly #reading = new Set<number>();
  /** The block of the host that was looked at last. */
  #cursor = 0;

  constructor(numBlocks: number, first: number, cache: PrefixCache, copies: BlockCopies, host: HostBlocks) {
    this.#first = first;
    this.#cache = cache;
    this.#copies = copies;
    this.#host = host;
    this.#hostOf = new Int32Array(numBlocks + 1);
    this.#copyOf = new Int32Array(host.numBlocks + 1);
    this.#written = new Uint8Array(numBlocks + 1);
    this.#wasWritten = new Uint8Array(host.numBlocks + 1);
    this.#pool = new BlockPool(numBlocks + 1, this);
  }

  /** Blocks in flight. */
  get numInFlight(): number {
    return this.#writing.size + this.#reading.size;
  }

  has(block: number): boolean {
    return this.#cache.has(this.#first + block) || this.#isCopy(block);
  }

  evict(block: number): boolean {
    if (this.#cache.remove(this.#first + block)) return true;
    if (!this.#isCopy(block)) return false;
    this.#copyOf[this.#hostOf[block]!] = 0;
    return true;
  }

  /** Begins to write a block of the host, if few are being written. */
  write(hostBlock: number): void {
    if (this.#writing.size >= MAX_FILE_WRITES || this.#pool.free === 0) return;
    const block = this.#pool.take();
    this.#host.hold(hostBlock);
    this.#wasWritten[hostBlock] = 1;
    this.#hostOf[block] = hostBlock;
    this.#copyOf[hostBlock] = block;
    this.#written[block] = 0;
    this.#writing.add(block);
    this.#copies.add(KvTier.host, hostBlock, KvTier.file, block);
  }

  /** The host gives a block's content up. @returns whether it lives on here */
  takeOver(hostBlock: number, number: number): boolean {
    const block = this.#copyOf[hostBlock]!;
    if (block === 0 || !this.#written[block]) return false;
    this.#copyOf[hostBlock] = 0;
    this.#wasWritten[hostBlock] = 0;
    this.#cache.move(number, this.#first + block);
    return true;
  }

  /** A block of the host has no content any more, or another one. */
  forget(hostBlock: number): void {
    const block = this.#copyOf[hostBlock]!;
    this.#copyOf[hostBlock] = 0;
    this.#wasWritten[hostBlock] = 0;
    if (block !== 0 && !this.#writing.has(block)) this.#toFront(block);
  }

  /** Whether content, by its number in the prefix cache, lies here. */
  holds(number: number): boolean {
    return number > this.#first;
  }

  isReading(number: number): boolean {
    return this.#reading.has(number - this.#first);
  }

  /** Begins to read content to the host. @returns false when that is not possible now */
  read(number: number): boolean {
    if (this.#reading.size >= MAX_FILE_READS) return false;
    const block = number - this.#first;
    this.#pool.retain(block);
    const hostBlock = this.#host.takeFree();
    if (hostBlock === 0) {
      this.#pool.release(block);
      return false;
    }
    this.#hostOf[block] = hostBlock;
    this.#reading.add(block);
    this.#copies.add(KvTier.file, block, KvTier.host, hostBlock);
    return true;
  }

  /** The same content was computed again, in a device block. */
  supersede(number: number, by: number): void {
    this.#cache.move(number, by);
    const block = number - this.#first;
    if (!this.#reading.has(block)) this.#toFront(block);
  }

  /** A write or a read has ended. @param ok false: it failed, and the content is as if it had never been here */
  settle(block: number, ok: boolean): void {
    const hostBlock = this.#hostOf[block]!;
    const number = this.#first + block;
    if (this.#writing.delete(block)) {
      const isCurrent = this.#copyOf[hostBlock] === block;
      this.#written[block] = ok && isCurrent ? 1 : 0;
      if (isCurrent && !ok) this.#copyOf[hostBlock] = 0;
    } else if (this.#reading.delete(block) && this.#cache.has(number)) {
      if (ok) {
        this.#cache.move(number, this.#host.numberOf(hostBlock));
        this.#copyOf[hostBlock] = block;
        this.#wasWritten[hostBlock] = 1;
        this.#written[block] = 1;
      } else {
        this.#cache.remove(number);
        this.#written[block] = 0;
      }
    }
    this.#host.letGo(hostBlock);
    this.#pool.release(block);
    this.#writeNext();
  }

  /** After the prefix cache was cleared. */
  reset(): void {
    this.#copyOf.fill(0);
    this.#written.fill(0);
    this.#wasWritten.fill(0);
  }

  /** @throws INTERNAL @returns how often each block of the host is held */
  checkInvariants(): Int32Array {
    const held = new Int32Array(this.#pool.numBlocks);
    const hostHeld = new Int32Array(this.#copyOf.length);
    for (const block of [...this.#writing, ...this.#reading]) {
      held[block]!++;
      hostHeld[this.#hostOf[block]!]!++;
    }
    this.#pool.checkInvariants(held);
    return hostHeld;
  }

  /** Begins to write a block of the host that came when too many were being written, if there is one near. */
  #writeNext(): void {
    for (let i = Math.min(LOOKED_AT, this.#host.numBlocks); i > 0; i--) {
      this.#cursor = (this.#cursor % this.#host.numBlocks) + 1;
      if (this.#wasWritten[this.#cursor] !== 0 || !this.#host.has(this.#cursor)) continue;
      this.write(this.#cursor);
      return;
    }
  }

  /** Whether a block is a whole copy of one of the host's. */
  #isCopy(block: number): boolean {
    return this.#written[block] === 1 && this.#copyOf[this.#hostOf[block]!] === block;
  }

  /** A free block without content is to be handed out before those with some. */
  #toFront(block: number): void {
    this.#written[block] = 0;
    this.#pool.retain(block);
    this.#pool.release(block);
  }
}
