// What a request holds of the cache, whether its layers share one block table or each group of them has its own.
import type { KvSequence } from "./kv-sequence.js";

/** The calls of {@link KvSequence}, which is the block tables of a request in a model with one group of layers. */
export interface BlockTables {
  /** One for each group of layers. */
  readonly tables: readonly KvSequence[];
  /** Blocks that every table has at least; 0: it holds none. */
  readonly numBlocks: number;
  /** See {@link KvSequence.externalTokens}. */
  readonly externalTokens: number;
  /** Table entries that changed since the device was told. */
  readonly numChanged: number;
  /** See {@link KvSequence.fits}. */
  fits(tokens: Int32Array, length: number, spare?: number, from?: number): boolean;
  /** See {@link KvSequence.numToBegin}. */
  numToBegin(length: number, from: number): number;
  /** See {@link KvSequence.mostBlocks}. */
  mostBlocks(length: number): number;
  /** See {@link KvSequence.isLoading}. */
  isLoading(tokens: Int32Array, length: number): boolean;
  /** See {@link KvSequence.matchPrefix}. */
  matchPrefix(tokens: Int32Array, length: number): number;
  /** See {@link KvSequence.canForkFrom}. */
  canForkFrom(parent: BlockTables, length: number): boolean;
  /** See {@link KvSequence.forkFrom}. */
  forkFrom(parent: BlockTables, length: number): void;
  /** See {@link KvSequence.begin}. */
  begin(length: number, from: number): boolean;
  /** See {@link KvSequence.grow}. */
  grow(length: number, from: number): boolean;
  /** See {@link KvSequence.commit}. */
  commit(tokens: Int32Array, length: number): void;
  /** See {@link KvSequence.slide}. */
  slide(next: number): void;
  /** See {@link KvSequence.free}. */
  free(): void;
}
