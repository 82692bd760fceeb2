// Who holds which block: reference counts, and the free blocks in the order in which they will be handed out again.
import { assertInternal, NULL_BLOCK } from "@octavo/core";

/** What blocks hold beyond the life of those who filled them. */
export interface BlockContents {
  /** Whether a block holds something worth keeping. */
  has(block: number): boolean;
  /** The block is about to be overwritten. @returns whether it held something */
  evict(block: number): boolean;
}

/**
 * Blocks 1 to `numBlocks - 1`. A free block whose content is cached stays findable until it is handed out: the free list
 * is the LRU list of the prefix cache, least recently used first, behind the blocks that hold nothing worth keeping.
 */
export class BlockPool {
  readonly numBlocks: number;
  /** Cached blocks that were handed out again. */
  evictions = 0;
  readonly #contents: BlockContents | undefined;
  readonly #references: Int32Array;
  // A ring through all free blocks; NULL_BLOCK is never given out, so that its links serve as head and tail.
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  #free = 0;

  constructor(numBlocks: number, contents?: BlockContents) {
    this.numBlocks = numBlocks;
    this.#contents = contents;
    this.#references = new Int32Array(numBlocks);
    this.#next = new Int32Array(numBlocks);
    this.#previous = new Int32Array(numBlocks);
    for (let block = 1; block < numBlocks; block++) this.#link(block, this.#previous[NULL_BLOCK]!);
  }

  get free(): number {
    return this.#free;
  }

  references(block: number): number {
    return this.#references[block]!;
  }

  /** Takes the free block that is missed least, with one reference. There must be one. */
  take(): number {
    const block = this.#next[NULL_BLOCK]!;
    assertInternal(block !== NULL_BLOCK, `all ${this.numBlocks - 1} blocks are in use`);
    this.#unlink(block);
    this.#references[block] = 1;
    if (this.#contents?.evict(block)) this.evictions++;
    return block;
  }

  /** Adds a reference to a block found in the prefix cache, free or not. */
  retain(block: number): void {
    if (this.#references[block]!++ === 0) this.#unlink(block);
  }

  /** Drops a reference; the last one frees the block. */
  release(block: number): void {
    const left = --this.#references[block]!;
    assertInternal(left >= 0, `block ${block} was released ${-left} times too often`);
    if (left > 0) return;
    this.#link(block, this.#contents?.has(block) ? this.#previous[NULL_BLOCK]! : NULL_BLOCK);
  }

  /** @throws INTERNAL when the list and the counts do not agree, or a count is not the one in `expected` */
  checkInvariants(expected: Int32Array): void {
    for (let block = 0; block < this.numBlocks; block++) {
      const found = this.#references[block]!;
      assertInternal(
        found === expected[block],
        `block ${block} has ${found} references, sequences hold ${expected[block]}`,
      );
    }
    let listed = 0;
    for (let block = this.#next[NULL_BLOCK]!; block !== NULL_BLOCK; block = this.#next[block]!) {
      assertInternal(this.#references[block] === 0, `free block ${block} has ${this.#references[block]} references`);
      assertInternal(this.#previous[this.#next[block]!] === block, `the links around free block ${block} are broken`);
      assertInternal(++listed < this.numBlocks, `the free list of ${this.numBlocks} blocks has a loop`);
    }
    let used = 0;
    for (let block = 1; block < this.numBlocks; block++) if (this.#references[block]! > 0) used++;
    assertInternal(listed === this.#free, `${listed} blocks are in the free list, ${this.#free} were counted`);
    assertInternal(
      listed + used === this.numBlocks - 1,
      `${listed} free and ${used} used blocks are not the ${this.numBlocks - 1} that exist`,
    );
  }

  #link(block: number, after: number): void {
    const before = this.#next[after]!;
    this.#previous[block] = after;
    this.#next[block] = before;
    this.#next[after] = block;
    this.#previous[before] = block;
    this.#free++;
  }

  #unlink(block: number): void {
    const next = this.#next[block]!;
    const previous = this.#previous[block]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#free--;
  }
}
