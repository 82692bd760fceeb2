// A word as the vocabulary's smallest tokens, from which merging starts (tokenizers' `merge_word`).
import { CHARACTER_OF_BYTE, characterSpelling, UNIT_OF_BYTE } from "../byte-level.js";
import type { TokenIndex } from "./token-index.js";

/** Says what a word starts from. */
export interface Symbols {
  /** Room that a word's tokens need, for each of its UTF-16 units. */
  readonly maxPerUnit: number;
  /** Whether each character becomes a token whatever stands beside it. */
  readonly isTotal: boolean;
  /** @param start of the word in the text @param into the tokens @returns how many they are */
  split(text: string, start: number, end: number, into: Int32Array): number;
  /** The token that is the whole word; -1: there is none. */
  find(text: string, start: number, end: number): number;
}

/** What stands for a character that the vocabulary lacks. */
export interface UnknownToken {
  /** -1: nothing, the character is left out. */
  readonly id: number;
  /** Several such characters in a row are one token. */
  readonly isFused: boolean;
}

const MISSING = -1;

/** Bytes of the word's UTF-8, as in GPT-2. */
export class ByteSymbols implements Symbols {
  readonly maxPerUnit = 3;
  readonly isTotal: boolean;
  readonly #index: TokenIndex;
  readonly #ids: Int32Array;
  readonly #spelling = new Uint16Array(64);
  readonly #spellingBytes = Buffer.from(this.#spelling.buffer);
  readonly #unknown: UnknownToken;

  constructor(index: TokenIndex, unknown: UnknownToken) {
    this.#index = index;
    this.#ids = Int32Array.from(CHARACTER_OF_BYTE, (char) => index.get(char) ?? MISSING);
    this.#unknown = unknown;
    this.isTotal = !this.#ids.includes(MISSING);
  }

  split(text: string, start: number, end: number, into: Int32Array): number {
    const ids = this.#ids;
    let count = 0;
    for (let i = start; i < end; i++) {
      let code = text.charCodeAt(i);
      if (code < 0x80) {
        into[count++] = ids[code]!;
        continue;
      }
      if (code >= 0xd800 && code < 0xdc00) code = text.codePointAt(i++)!;
      count = putUtf8(ids, code, into, count);
    }
    return this.isTotal ? count : withoutMissing(into, count, this.#unknown);
  }

  find(text: string, start: number, end: number): number {
    const units = this.#spelling;
    let count = 0;
    for (let i = start; i < end; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80 || count === units.length)
        return this.#index.get(characterSpelling(text.slice(start, end))) ?? MISSING;
      units[count++] = UNIT_OF_BYTE[code]!;
    }
    return this.#index.find(this.#spellingBytes.toString("utf16le", 0, 2 * count), 0, count);
  }
}

/** Characters of the word; those that the vocabulary lacks as their bytes (`<0xE2>`) where it has those. */
export class CharacterSymbols implements Symbols {
  readonly maxPerUnit = 3;
  readonly isTotal: boolean;
  readonly #index: TokenIndex;
  /** By UTF-16 unit. */
  readonly #ids = new Int32Array(0x10000).fill(MISSING);
  readonly #pairs = new Map<number, number>();
  readonly #bytes: Int32Array | null;
  readonly #unknown: UnknownToken;

  constructor(index: TokenIndex, unknown: UnknownToken, byteFallback: boolean) {
    this.#index = index;
    // Holes are not visited.
    index.tokens.forEach((token, id) => {
      if (token.length === 1) this.#ids[token.charCodeAt(0)] = id;
      else if (token.length === 2 && token.codePointAt(0)! > 0xffff) this.#pairs.set(token.codePointAt(0)!, id);
    });
    this.#bytes = byteFallback ? byteTokens(index) : null;
    this.#unknown = unknown;
    const hasAllBytes = this.#bytes !== null && !this.#bytes.includes(MISSING);
    this.isTotal = hasAllBytes || (unknown.id >= 0 && !unknown.isFused);
  }

  split(text: string, start: number, end: number, into: Int32Array): number {
    const unknown = this.#unknown;
    let count = 0;
    let isPending = false;
    for (let i = start; i < end; i++) {
      const code = text.codePointAt(i)!;
      if (code > 0xffff) i += 1;
      const id = code > 0xffff ? (this.#pairs.get(code) ?? MISSING) : this.#ids[code]!;
      if (id >= 0) {
        if (isPending) into[count++] = unknown.id;
        isPending = false;
        into[count++] = id;
        continue;
      }
      const end = this.#bytes === null ? count : putUtf8(this.#bytes, code, into, count);
      if (end > count && !into.subarray(count, end).includes(MISSING)) {
        count = end;
        continue;
      }
      if (isPending && !unknown.isFused) into[count++] = unknown.id;
      isPending = unknown.id >= 0;
    }
    if (isPending) into[count++] = unknown.id;
    return count;
  }

  find(text: string, start: number, end: number): number {
    return this.#index.find(text, start, end);
  }
}

function byteTokens(index: TokenIndex): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    return index.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`) ?? MISSING;
  });
}

/** The tokens of a character's bytes. @returns the count after them */
function putUtf8(ids: Int32Array, code: number, into: Int32Array, count: number): number {
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

/** Puts the unknown token where a byte has none. @returns the new count */
function withoutMissing(ids: Int32Array, count: number, unknown: UnknownToken): number {
  let kept = 0;
  let wasMissing = false;
  for (let i = 0; i < count; i++) {
    const isMissing = ids[i] === MISSING;
    const id = isMissing ? unknown.id : ids[i]!;
    if (id >= 0 && !(isMissing && wasMissing && unknown.isFused)) ids[kept++] = id;
    wasMissing = isMissing;
  }
  return kept;
}
