// WordPiece (BERT): of each word the longest piece that fits, then the longest that continues it; a word that cannot be put
// together is unknown as a whole.
import { CharTrie } from "./char-trie.js";
import type { ListModel } from "./list-model.js";

export interface WordPieceOptions {
  readonly vocab: Iterable<readonly [string, number]>;
  /** The id for a word that cannot be put together. */
  readonly unknown: () => number;
  /** Begins the pieces that continue a word. */
  readonly prefix: string;
  /** Words of more characters are unknown. */
  readonly maxCharsPerWord: number;
}

export class WordPiece implements ListModel {
  readonly #options: WordPieceOptions;
  readonly #trie: CharTrie;
  /** Where pieces go on behind the prefix; -1: there are none. */
  readonly #continued: number;

  constructor(options: WordPieceOptions) {
    this.#options = options;
    this.#trie = new CharTrie(options.vocab);
    this.#continued = this.#trie.find(options.prefix);
  }

  encode(word: string, ids: number[]): void {
    const { unknown, maxCharsPerWord } = this.#options;
    const before = ids.length;
    // A character takes at most two units.
    const isLong =
      word.length > 2 * maxCharsPerWord || (word.length > maxCharsPerWord && [...word].length > maxCharsPerWord);
    for (let from = 0; from < word.length || isLong; ) {
      const to = isLong ? -1 : this.#longest(word, from, ids);
      if (to < 0) {
        ids.length = before;
        ids.push(unknown());
        return;
      }
      from = to;
    }
  }

  /** Pushes the longest piece. @returns where it ends; -1: there is none */
  #longest(word: string, from: number, ids: number[]): number {
    let node = from === 0 ? CharTrie.root : this.#continued;
    let end = -1;
    let id = -1;
    for (let at = from; at < word.length && node >= 0; ) {
      node = this.#trie.step(node, word.charCodeAt(at++));
      const value = node < 0 ? -1 : this.#trie.valueAt(node);
      if (value < 0) continue;
      end = at;
      id = value;
    }
    if (end >= 0) ids.push(id);
    return end;
  }
}
