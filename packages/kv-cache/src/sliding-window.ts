// What the layers of a group see of a sequence, in blocks.
import { type BlockNeeds, windowBlocks } from "./block-needs.js";

export class SlidingWindow {
  /** Tokens that a token sees, itself included; Infinity: all before it. */
  readonly tokens: number;
  readonly #blockSize: number;
  readonly #maxNumBatchedTokens: number;
  /** Blocks that a sequence holds at most, however long it is. */
  readonly #most: number;

  constructor(tokens: number, { blockSize, maxNumBatchedTokens }: BlockNeeds) {
    this.tokens = tokens;
    this.#blockSize = blockSize;
    this.#maxNumBatchedTokens = maxNumBatchedTokens;
    this.#most = windowBlocks(tokens, maxNumBatchedTokens, blockSize);
  }

  /** Blocks at the beginning that no token from position `next` on sees. */
  numUnseen(next: number): number {
    return Math.floor(Math.max(0, next - this.tokens + 1) / this.#blockSize);
  }

  /** Tokens that a sequence of `length` tokens, of which the first `from` are computed, begins with blocks for. */
  reach(length: number, from: number): number {
    return Math.min(length, Math.max(from, this.tokens - 1) + this.#maxNumBatchedTokens);
  }

  /** Blocks that a sequence of `length` tokens holds at most. */
  mostBlocks(length: number): number {
    return Math.min(Math.ceil(length / this.#blockSize), this.#most);
  }
}
