// Bytes of a word's UTF-8, as in GPT-2.
import { CHARACTER_OF_BYTE, characterSpelling, UNIT_OF_BYTE } from "../byte-level.js";
import { MISSING, putUtf8, type Symbols, type UnknownToken } from "./symbols.js";
import type { TokenIndex } from "./token-index.js";

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
    return this.isTotal ? count : this.#withUnknown(into, count);
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

  /** Puts the unknown token where a byte has none. @returns the new count */
  #withUnknown(ids: Int32Array, count: number): number {
    let kept = 0;
    let wasMissing = false;
    for (let i = 0; i < count; i++) {
      const isMissing = ids[i] === MISSING;
      const id = isMissing ? this.#unknown.take() : ids[i]!;
      if (id >= 0 && !(isMissing && wasMissing && this.#unknown.isFused)) ids[kept++] = id;
      wasMissing = isMissing;
    }
    return kept;
  }
}
