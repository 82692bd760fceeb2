// A sequence's blocks in order, and which of them the device was not told of.
import { NULL_BLOCK } from "@octavo/core";
import { enlarged } from "./enlarged.js";

export class BlockList {
  /** Entries, those that were given back included. */
  length = 0;
  /** Entries at the beginning that were given back because no token sees them any more: NULL_BLOCK. */
  numHidden = 0;
  /** Index of the first entry that changed since `forgetChanges`; where none did, `endChanged`. */
  firstChanged = 0;
  /** Index behind the last such entry. */
  endChanged = 0;
  #blocks = new Int32Array(8);

  /** `index` is below `length`, or was `put` since. */
  at(index: number): number {
    return this.#blocks[index]!;
  }

  /** Writes an entry, at `length` or before, which may become part of the list later. */
  put(index: number, block: number): void {
    if (index === this.#blocks.length) this.#blocks = enlarged(this.#blocks);
    this.#blocks[index] = block;
  }

  append(block: number): void {
    this.put(this.length++, block);
  }

  /** Takes the first entry that is not hidden out. @returns the block that it was */
  hideNext(): number {
    const block = this.#blocks[this.numHidden]!;
    this.#blocks[this.numHidden++] = NULL_BLOCK;
    return block;
  }

  /** The entries `[first, end)` are others now. */
  change(first: number, end: number): void {
    if (first === end) return;
    const isFirst = this.firstChanged === this.endChanged;
    this.firstChanged = isFirst ? first : Math.min(this.firstChanged, first);
    this.endChanged = isFirst ? end : Math.max(this.endChanged, end);
  }

  forgetChanges(): void {
    this.firstChanged = this.endChanged = 0;
  }

  clear(): void {
    this.length = 0;
    this.numHidden = 0;
    this.forgetChanges();
  }
}
