// SentencePiece's byte pair encoding (bpe_model.cc). Symbols are ids from the start, and the best of all possible merges is done until
// there is none.

import type { TokenModel } from "../pipeline/model.js";
import { type Merge, MergeQueue } from "./merge-queue.js";

/** Which symbols merge. */
export interface MergeTable {
  /** Writes `rank` (lower goes first) and `mergedId` of the pair. @returns false where the two do not merge */
  look(leftId: number, rightId: number, into: Merge): boolean;
}

export interface PieceBpeOptions {
  readonly symbolOf: (char: string) => number | undefined;
  readonly merges: MergeTable;
  /** Stands for a run of characters without a symbol. */
  readonly unkId: number;
  /** Of `<0x00>` to `<0xFF>`, instead of `unkId`; null: none. */
  readonly bytes: Int32Array | null;
  /** A symbol that is no token, in the symbols that it was put together from. */
  readonly unmerge: (id: number) => readonly number[] | null;
}

/** Ids from here up are characters without a token: this and the code point. They may still merge into tokens. */
export const UNKNOWN_SYMBOL = 2 ** 25;

export class PieceBpe implements TokenModel {
  readonly #options: PieceBpeOptions;
  readonly #queue = new MergeQueue();
  /** Where the ids of the text at hand begin: an unknown token before it has nothing to do with it. */
  #firstId = 0;
  readonly #merge: Merge = { rank: 0, left: 0, leftId: 0, rightId: 0, mergedId: 0 };

  constructor(options: PieceBpeOptions) {
    this.#options = options;
  }

  encode(text: string, ids: number[]): void {
    if (text === "") return;
    this.#firstId = ids.length;
    const symbols: number[] = [];
    for (let at = 0; at < text.length; ) {
      const char = String.fromCodePoint(text.codePointAt(at)!);
      const id = this.#options.symbolOf(char);
      symbols.push(id ?? UNKNOWN_SYMBOL + char.codePointAt(0)!);
      at += char.length;
    }
    if (symbols.length === 1) this.#emit(symbols[0]!, ids);
    else this.#mergeAll(symbols, ids);
  }

  #mergeAll(symbols: number[], ids: number[]): void {
    const size = symbols.length;
    // -1 ends the list on both sides; a symbol that was merged away has id -1.
    const next = Int32Array.from({ length: size }, (_, i) => (i + 1 < size ? i + 1 : -1));
    const previous = Int32Array.from({ length: size }, (_, i) => i - 1);
    const merge = this.#merge;
    for (let i = 0; i + 1 < size; i++) this.#offer(i, symbols[i]!, symbols[i + 1]!);
    while (this.#queue.pop(merge)) {
      const { left, leftId, rightId, mergedId } = merge;
      const right = next[left]!;
      if (symbols[left] !== leftId || right < 0 || symbols[right] !== rightId) continue;
      symbols[left] = mergedId;
      symbols[right] = -1;
      const after = next[right]!;
      next[left] = after;
      if (after >= 0) previous[after] = left;
      const before = previous[left]!;
      if (before >= 0) this.#offer(before, symbols[before]!, mergedId);
      if (after >= 0) this.#offer(left, mergedId, symbols[after]!);
    }
    for (let i = 0; i >= 0; i = next[i]!) this.#emit(symbols[i]!, ids);
  }

  #offer(left: number, leftId: number, rightId: number): void {
    const merge = this.#merge;
    if (!this.#options.merges.look(leftId, rightId, merge)) return;
    this.#queue.push(merge.rank, left, leftId, rightId, merge.mergedId);
  }

  #emit(symbol: number, ids: number[]): void {
    if (symbol < UNKNOWN_SYMBOL) {
      const parts = this.#options.unmerge(symbol);
      if (parts) for (const part of parts) this.#emit(part, ids);
      else ids.push(symbol);
      return;
    }
    const { bytes, unkId } = this.#options;
    if (bytes) {
      for (const byte of Buffer.from(String.fromCodePoint(symbol - UNKNOWN_SYMBOL), "utf8")) ids.push(bytes[byte]!);
    } else if (ids.length === this.#firstId || ids.at(-1) !== unkId) ids.push(unkId);
  }
}
