// Tokens of words that were seen before: most of a text is words that come again.
import { ownString } from "./own-string.js";

/** Words of each half. A language's common words and a program's names fit; with their tokens they take a few megabytes. */
const HALF = 2 ** 15;
/** UTF-16 units of a word that is kept: longer ones hardly come again. */
export const MAX_CACHED_LENGTH = 128;

/** A token, or several. */
export type WordTokens = number | Int32Array;

/** Bounded: when the young half is full it becomes the old one, whose words are dropped unless they were used since. */
export class WordCache {
  #young = new Map<string, WordTokens>();
  #old = new Map<string, WordTokens>();

  get(word: string): WordTokens | undefined {
    const tokens = this.#young.get(word);
    return tokens === undefined ? this.#fromOld(word) : tokens;
  }

  set(word: string, tokens: WordTokens): void {
    if (word.length <= MAX_CACHED_LENGTH) this.#keep(ownString(word), tokens);
  }

  /** Words that it holds. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #fromOld(word: string): WordTokens | undefined {
    const tokens = this.#old.get(word);
    if (tokens !== undefined) this.#keep(ownString(word), tokens);
    return tokens;
  }

  #keep(word: string, tokens: WordTokens): void {
    if (this.#young.size >= HALF) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(word, tokens);
  }
}
