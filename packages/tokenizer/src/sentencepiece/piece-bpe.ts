// SentencePiece's byte pair encoding (bpe_model.cc). Symbols are ids from the start, and the best of all possible merges is done until
// there is none.

import { MergeHeap, type Merges } from "../bpe/merge-heap.js";
import type { ListModel } from "../pipeline/list-model.js";

export interface PieceBpeOptions {
  readonly symbolOf: (char: string) => number | undefined;
  readonly merges: Merges;
  /** Stands for a run of characters without a symbol. */
  readonly unkId: number;
  /** Of `<0x00>` to `<0xFF>`, instead of `unkId`; null: none. */
  readonly bytes: Int32Array | null;
  /** A symbol that is no token, in the symbols that it was put together from. */
  readonly unmerge: (id: number) => readonly number[] | null;
}

/** Ids from here up are characters without a token: this and the code point. They may still merge into tokens. */
export const UNKNOWN_SYMBOL = 2 ** 25;

export class PieceBpe implements ListModel {
  readonly #options: PieceBpeOptions;
  /** Where the ids of the text at hand begin: an unknown token before it has nothing to do with it. */
  #firstId = 0;

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
    const heap = new MergeHeap(this.#options.merges, Int32Array.from(symbols));
    heap.step(Number.POSITIVE_INFINITY);
    for (const symbol of heap.take()) this.#emit(symbol, ids);
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
