// What a request holds of the cache, whether its layers share one block table or each group of them has its own.

/** The calls of `KvSequence`, which is the block tables of a request in a model with one group of layers. */
export interface TablesOf<Table> {
  /** One for each group of layers. */
  readonly tables: readonly Table[];
  /** Blocks that every table has at least; 0: it holds none. */
  readonly numBlocks: number;
  /** See `KvSequence.externalTokens`. */
  readonly externalTokens: number;
  /** Table entries that changed since the device was told. */
  readonly numChanged: number;
  /** See `KvSequence.fits`. */
  fits(tokens: Int32Array, length: number, spare?: number, from?: number): boolean;
  /** See `KvSequence.numToBegin`. */
  numToBegin(length: number, from: number): number;
  /** See `KvSequence.mostBlocks`. */
  mostBlocks(length: number): number;
  /** See `KvSequence.isLoading`. */
  isLoading(tokens: Int32Array, length: number): boolean;
  /** See `KvSequence.matchPrefix`. */
  matchPrefix(tokens: Int32Array, length: number): number;
  /** See `KvSequence.canForkFrom`. */
  canForkFrom(parent: TablesOf<Table>, length: number): boolean;
  /** See `KvSequence.forkFrom`. */
  forkFrom(parent: TablesOf<Table>, length: number): void;
  /** See `KvSequence.begin`. */
  begin(length: number, from: number): boolean;
  /** See `KvSequence.grow`. */
  grow(length: number, from: number): boolean;
  /** See `KvSequence.commit`. */
  commit(tokens: Int32Array, length: number): void;
  /** See `KvSequence.slide`. */
  slide(next: number): void;
  /** See `KvSequence.free`. */
  free(): void;
}
