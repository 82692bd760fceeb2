// A word as the vocabulary's smallest tokens, from which merging starts (tokenizers' `merge_word`).
import { withoutId } from "../missing-token.js";
import type { TokenIndex } from "./token-index.js";

/** Says what a word starts from. */
export interface Symbols {
  /** Room that a word's tokens need, for each of its UTF-16 units. */
  readonly maxPerUnit: number;
  /** Whether each character becomes a token whatever stands beside it. */
  readonly isTotal: boolean;
  /** @param start of the word in the text @param into the tokens @returns how many they are @throws CHECKPOINT without an unknown token that is named */
  split(text: string, start: number, end: number, into: Int32Array): number;
  /** The token that is the whole word; -1: there is none. */
  find(text: string, start: number, end: number): number;
}

/** In place of a token that there is not. */
export const MISSING = -1;

/** What stands for a character that the vocabulary lacks. */
export class UnknownToken {
  /** Several such characters in a row are one token. */
  readonly isFused: boolean;
  readonly #name: string | null;
  readonly #id: number;

  constructor(index: TokenIndex, name: string | null, isFused: boolean) {
    this.isFused = isFused;
    this.#name = name;
    this.#id = name === null ? MISSING : (index.get(name) ?? MISSING);
  }

  /** Whether there is one. */
  get exists(): boolean {
    return this.#id >= 0;
  }

  /** MISSING: the character is left out. @throws CHECKPOINT where the vocabulary has not the one that is named */
  take(): number {
    if (this.#id < 0 && this.#name !== null) throw withoutId(this.#name);
    return this.#id;
  }
}

/** The tokens of a character's bytes. @returns the count after them */
export function putUtf8(ids: Int32Array, code: number, into: Int32Array, count: number): number {
  let at = count;
  if (code < 0x80) {
    into[at++] = ids[code]!;
    return at;
  }
  if (code < 0x800) {
    into[at++] = ids[0xc0 | (code >> 6)]!;
  } else {
    if (code < 0x10000) {
      into[at++] = ids[0xe0 | (code >> 12)]!;
    } else {
      into[at++] = ids[0xf0 | (code >> 18)]!;
      into[at++] = ids[0x80 | ((code >> 12) & 0x3f)]!;
    }
    into[at++] = ids[0x80 | ((code >> 6) & 0x3f)]!;
  }
  into[at++] = ids[0x80 | (code & 0x3f)]!;
  return at;
}
