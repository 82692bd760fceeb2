// Characters of a word; those that the vocabulary lacks as their bytes (`<0xE2>`) where it has those. In vocabularies from before
// byte-level BPE (GPT-1, CLIP, HerBERT) the last character is spelt with `</w>` behind it; in others all but the first begin with a mark.
import { byteTokens } from "../pipeline/model.js";
import { MISSING, putUtf8, type Symbols, type UnknownToken } from "./symbols.js";
import type { TokenIndex } from "./token-index.js";

export interface CharacterOptions {
  readonly continuing_subword_prefix?: string | null;
  readonly end_of_word_suffix?: string | null;
  readonly byte_fallback?: boolean;
}

export class CharacterSymbols implements Symbols {
  readonly maxPerUnit: number;
  readonly isTotal: boolean;
  readonly #index: TokenIndex;
  /** By UTF-16 unit. */
  readonly #ids = new Int32Array(0x10000).fill(MISSING);
  readonly #pairs = new Map<number, number>();
  readonly #bytes: Int32Array | null;
  readonly #unknown: UnknownToken;
  readonly #prefix: string;
  readonly #suffix: string;

  constructor(index: TokenIndex, unknown: UnknownToken, options: CharacterOptions) {
    this.#index = index;
    index.forEach((token, id) => {
      if (token.length === 1) this.#ids[token.charCodeAt(0)] = id;
      else if (token.length === 2 && token.codePointAt(0)! > 0xffff) this.#pairs.set(token.codePointAt(0)!, id);
    });
    this.#bytes = options.byte_fallback ? byteTokens((token) => index.get(token)) : null;
    this.#unknown = unknown;
    this.#prefix = options.continuing_subword_prefix ?? "";
    this.#suffix = options.end_of_word_suffix ?? "";
    this.maxPerUnit = 3 * (1 + this.#prefix.length + this.#suffix.length);
    const hasAllBytes = this.#bytes !== null && !this.#bytes.includes(MISSING);
    this.isTotal = hasAllBytes || (unknown.exists && !unknown.isFused);
  }

  split(text: string, start: number, end: number, into: Int32Array): number {
    let count = 0;
    let pending = MISSING;
    for (let i = start, next = start; i < end; i = next) {
      const code = text.codePointAt(i)!;
      next = i + (code > 0xffff ? 2 : 1);
      const prefix = i > start ? this.#prefix : "";
      const suffix = next === end ? this.#suffix : "";
      const isBare = prefix === "" && suffix === "";
      const id = isBare ? this.#idOf(code) : (this.#index.get(prefix + text.slice(i, next) + suffix) ?? MISSING);
      if (id >= 0) {
        if (pending >= 0) into[count++] = pending;
        pending = MISSING;
        into[count++] = id;
        continue;
      }
      const after = isBare ? this.#putBytes(code, into, count) : this.#putAllBytes(prefix, code, suffix, into, count);
      if (after > count) {
        count = after;
        continue;
      }
      if (pending >= 0 && !this.#unknown.isFused) into[count++] = pending;
      pending = this.#unknown.take();
    }
    if (pending >= 0) into[count++] = pending;
    return count;
  }

  find(text: string, start: number, end: number): number {
    return this.#index.find(text, start, end);
  }

  #idOf(code: number): number {
    return code > 0xffff ? (this.#pairs.get(code) ?? MISSING) : this.#ids[code]!;
  }

  /** @returns the count after the byte tokens of a character; the same where one is missing */
  #putBytes(code: number, into: Int32Array, count: number): number {
    if (this.#bytes === null) return count;
    const end = putUtf8(this.#bytes, code, into, count);
    return into.subarray(count, end).includes(MISSING) ? count : end;
  }

  #putAllBytes(prefix: string, code: number, suffix: string, into: Int32Array, count: number): number {
    let end = count;
    for (const char of prefix + String.fromCodePoint(code) + suffix) {
      const before = end;
      end = this.#putBytes(char.codePointAt(0)!, into, before);
      if (end === before) return count;
    }
    return end;
  }
}
