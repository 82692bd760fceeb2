// One request in a model whose layers see windows of different lengths: a block table for each group of layers.
import { assertInternal } from "@octavo/core";
import type { BlockTables, KvSequence } from "./kv-sequence.js";

/**
 * The block tables of one request, in lockstep: either all can be filled, or none changes. A block holds the layers of one group, so
 * that groups must have equally many layers (those of a smaller one are padded); then all take their blocks from one pool. In other
 * tiers, too, a block is of one group: each goes there when its own device block is handed out.
 */
export class KvSequenceGroup implements BlockTables {
  readonly tables: readonly KvSequence[];
  readonly #free: () => number;

  /** Use `KvCacheManager.createTables`. @param free blocks of the pool that nobody holds */
  constructor(tables: readonly KvSequence[], free: () => number) {
    this.tables = tables;
    this.#free = free;
  }

  get numBlocks(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const table of this.tables) least = Math.min(least, table.numBlocks);
    return least;
  }

  get numChanged(): number {
    let changed = 0;
    for (const table of this.tables) changed += table.numChanged;
    return changed;
  }

  /** Those of the group for which most was loaded. */
  get externalTokens(): number {
    let external = 0;
    for (const table of this.tables) external = Math.max(external, table.externalTokens);
    return external;
  }

  fits(tokens: Int32Array, length: number, spare = 0, from = 0): boolean {
    const most = this.tables[0]!.numBlocks > 0 ? length : this.#commonPrefix(tokens, length);
    let needed = spare;
    for (const table of this.tables) needed += table.numNeeded(tokens, length, from, most);
    return needed <= this.#free();
  }

  numToBegin(length: number, from: number): number {
    let needed = 0;
    for (const table of this.tables) needed += table.numToBegin(length, from);
    return needed;
  }

  mostBlocks(length: number): number {
    let most = 0;
    for (const table of this.tables) most += table.mostBlocks(length);
    return most;
  }

  /** Every group begins to read what it needs. */
  isLoading(tokens: Int32Array, length: number): boolean {
    let loading = false;
    for (const table of this.tables) if (table.isLoading(tokens, length)) loading = true;
    return loading;
  }

  /** Takes the longest prefix that every group has; none where the blocks are not there into which all of it could be loaded. */
  matchPrefix(tokens: Int32Array, length: number): number {
    let found = this.#commonPrefix(tokens, length);
    // All tables hold what they take before the first loads: making room for one must not push out what another found.
    let toLoad = 0;
    for (const table of this.tables) toLoad += table.holdPrefix(tokens, length, found);
    if (toLoad > this.#free()) {
      found = 0;
      for (const table of this.tables) table.dropPrefix();
    }
    const { numBlocks } = this.tables[0]!;
    for (const table of this.tables) {
      table.loadPrefix();
      assertInternal(
        table.numBlocks === numBlocks,
        `groups have ${table.numBlocks} and ${numBlocks} blocks of a prefix`,
      );
    }
    this.tables[0]!.countLookup(length, found, this.externalTokens);
    return found;
  }

  canForkFrom(parent: BlockTables, length: number): boolean {
    return this.tables.every((table, group) => table.canForkFrom(parent.tables[group]!, length));
  }

  forkFrom(parent: BlockTables, length: number): void {
    for (const [group, table] of this.tables.entries()) table.forkFrom(parent.tables[group]!, length);
  }

  begin(length: number, from: number): boolean {
    if (this.numToBegin(length, from) > this.#free()) return false;
    for (const table of this.tables) table.begin(length, from);
    return true;
  }

  grow(length: number, from: number): boolean {
    let needed = 0;
    for (const table of this.tables) needed += table.numToGrow(length, from);
    if (needed > this.#free()) return false;
    for (const table of this.tables) table.grow(length, from);
    return true;
  }

  commit(tokens: Int32Array, length: number): void {
    for (const table of this.tables) table.commit(tokens, length);
  }

  slide(next: number): void {
    for (const table of this.tables) table.slide(next);
  }

  free(): void {
    for (const table of this.tables) table.free();
  }

  #commonPrefix(tokens: Int32Array, length: number): number {
    let most = length;
    for (const table of this.tables) most = Math.min(most, table.prefixLength(tokens, length));
    return most;
  }
}
