// One request in a model whose layers see windows of different lengths: a block table for each group of layers.
import { assertInternal } from "@octavo/core";
import type { KvSequence } from "./kv-sequence.js";

/**
 * The block tables of one request, in lockstep: either all can be filled, or none changes. A block holds the layers of one group, so
 * that groups must have equally many layers (those of a smaller one are padded); then all take their blocks from one pool. Calls are
 * those of {@link KvSequence}, which a model with one group uses by itself.
 */
export class KvSequenceGroup {
  /** The block table of each group. */
  readonly tables: readonly KvSequence[];
  readonly #free: () => number;

  /** Use `KvCacheManager.createSequenceGroup`. @param free blocks of the pool that nobody holds */
  constructor(tables: readonly KvSequence[], free: () => number) {
    this.tables = tables;
    this.#free = free;
  }

  /** See {@link KvSequence.fits}. */
  fits(tokens: Int32Array, length: number, spare = 0, from = 0): boolean {
    let needed = spare;
    for (const table of this.tables) needed += table.numNeeded(tokens, length, from);
    return needed <= this.#free();
  }

  /** Takes the longest prefix that every group has. See {@link KvSequence.matchPrefix}. */
  matchPrefix(tokens: Int32Array, length: number): number {
    let most = length;
    for (const table of this.tables) most = Math.min(most, table.prefixLength(tokens, length));
    for (const table of this.tables) {
      const found = table.matchPrefix(tokens, length, most);
      assertInternal(found === most, `a group has ${found} tokens of a prefix, the groups have ${most} in common`);
    }
    return most;
  }

  /** See {@link KvSequence.forkFrom}. */
  forkFrom(parent: KvSequenceGroup, length: number): void {
    for (const [i, table] of this.tables.entries()) table.forkFrom(parent.tables[i]!, length);
  }

  /** See {@link KvSequence.grow}. @returns false, and no table changes, when too few blocks are free for all */
  grow(length: number, from: number): boolean {
    let needed = 0;
    for (const table of this.tables) needed += table.numToGrow(length, from);
    if (needed > this.#free()) return false;
    for (const table of this.tables) table.grow(length, from);
    return true;
  }

  /** See {@link KvSequence.commit}. */
  commit(tokens: Int32Array, length: number): void {
    for (const table of this.tables) table.commit(tokens, length);
  }

  /** See {@link KvSequence.slide}. */
  slide(next: number): void {
    for (const table of this.tables) table.slide(next);
  }

  /** See {@link KvSequence.free}. */
  free(): void {
    for (const table of this.tables) table.free();
  }
}
