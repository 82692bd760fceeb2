// How many blocks a sequence holds at most: all its tokens, or with a window what a step sees and computes of it.

/** What decides it. */
export interface BlockNeeds {
  /** Tokens a block. */
  readonly blockSize: number;
  /** For each group of layers, the tokens that a token sees, itself included; Infinity: all before it. */
  readonly slidingWindows: readonly number[];
  /** Tokens of one sequence that a step computes at most. */
  readonly maxNumBatchedTokens: number;
}

/** Blocks that a sequence of `length` tokens holds at most, in all groups. */
export function mostBlocks(length: number, { blockSize, slidingWindows, maxNumBatchedTokens }: BlockNeeds): number {
  const all = Math.ceil(length / blockSize);
  let blocks = 0;
  for (const window of slidingWindows) blocks += Math.min(all, windowBlocks(window, maxNumBatchedTokens, blockSize));
  return blocks;
}

/** Blocks in which what a step's first token sees and all its tokens can lie, wherever they begin in a block. */
export function windowBlocks(window: number, maxNumBatchedTokens: number, blockSize: number): number {
  return Math.ceil((window - 1 + maxNumBatchedTokens - 1) / blockSize) + 1;
}

/** Tokens of the longest sequence that `numBlocks` suffice for, alone; Infinity where windows bound what any sequence holds. */
export function longestSequence(numBlocks: number, needs: BlockNeeds): number {
  if (mostBlocks(Number.POSITIVE_INFINITY, needs) <= numBlocks) return Number.POSITIVE_INFINITY;
  let fits = 0;
  let tooMany = numBlocks + 1;
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (mostBlocks(middle * needs.blockSize, needs) <= numBlocks) fits = middle;
    else tooMany = middle;
  }
  return fits * needs.blockSize;
}
