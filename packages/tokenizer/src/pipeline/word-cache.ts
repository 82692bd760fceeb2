// Tokens of words that were seen before: most of a text is words that come again. Words lie in typed arrays, so that looking one up takes
// no string of it, and keeping one makes nothing for the garbage collector.

import type { PieceCursor } from "../cutting/piece-cursor.js";
import { hashUnits } from "./hash-units.js";
import type { IdList } from "./id-list.js";

/** Words of each half. A language's common words and a program's names fit. */
const HALF = 2 ** 15;
/** UTF-16 units of a word that is kept: longer ones hardly come again. */
export const MAX_CACHED_LENGTH = 128;
/** Tokens of one. */
const MAX_TOKENS = 3 * MAX_CACHED_LENGTH;
/** Before a word's units, two to an int, and its tokens: the hash, and how many there are of both. */
const HEADER = 2;
const MAX_RECORD = HEADER + MAX_CACHED_LENGTH / 2 + MAX_TOKENS;
/** Ints for the records of a half: twice what its number of English words needs. Memory that is never written to is never taken. */
const RECORDS = 2 ** 19;
/** Free, in arrays that are zero when they are made. */
const NONE = 0;

/** Bounded: when the young half is full it becomes the old one, whose words are dropped unless they were used since. */
export class WordCache {
  #young = new Half();
  #old = new Half();
  /** Of the word that was not found. */
  #hash = 0;

  /**
   * Takes pieces as long as their tokens are known. Nearly without calls, so that V8 compiles it once and soon.
   * @param out is given the tokens
   * @returns whether all were taken; if not, the cursor stands before one to give to {@link WordCache.add}
   */
  take(pieces: PieceCursor, out: IdList): boolean {
    const { text, ends, count } = pieces;
    const { slots, records, units } = this.#young;
    let ids = out.reserve(MAX_TOKENS);
    let { length } = out;
    let { start, taken } = pieces;
    for (; taken < count; taken++) {
      const end = ends[taken]!;
      if (end < 0) {
        start = ~end;
        continue;
      }
      const hash = hashUnits(text, start, end);
      const size = end - start;
      let slot = hash & (slots.length - 1);
      let at = slots[slot]!;
      for (; at !== NONE; at = slots[slot]!) {
        if (records[at] === hash && (records[at + 1]! & 255) === size) {
          let i = 0;
          while (i < size && units[2 * (at + HEADER) + i] === text.charCodeAt(start + i)) i += 1;
          if (i === size) break;
        }
        slot = (slot + 1) & (slots.length - 1);
      }
      if (at === NONE) {
        this.#hash = hash;
        break;
      }
      let first = at + HEADER + ((size + 1) >> 1);
      for (let i = records[at + 1]! >> 8; i > 0; i--) ids[length++] = records[first++]!;
      start = end;
      if (length + MAX_TOKENS > ids.length) {
        out.length = length;
        ids = out.reserve(MAX_TOKENS);
      }
    }
    out.length = length;
    pieces.start = start;
    pieces.taken = taken;
    return taken === count;
  }

  /** Whether the old half has the word that {@link WordCache.take} stands before: then it is kept once more. */
  revive(text: string, start: number, end: number): boolean {
    const tokens = this.#old.size === 0 ? null : this.#old.find(this.#hash, text, start, end);
    return tokens !== null && this.add(text, start, end, tokens);
  }

  /** Keeps the tokens of the word that {@link WordCache.take} stands before. @returns whether it is kept */
  add(text: string, start: number, end: number, tokens: Int32Array): boolean {
    if (end - start > MAX_CACHED_LENGTH || tokens.length > MAX_TOKENS) return false;
    if (this.#young.isFull) {
      this.#old = this.#young;
      this.#young = new Half();
    }
    this.#young.add(this.#hash, text, start, end, tokens);
    return true;
  }

  /** Words that it holds. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}

class Half {
  /** Places of records by hash. Half of them are free at least. */
  readonly slots = new Int32Array(2 * HALF);
  readonly records = new Int32Array(RECORDS);
  /** The same memory. */
  readonly units = new Uint16Array(this.records.buffer);
  #used = NONE + 1;
  size = 0;

  get isFull(): boolean {
    return this.size >= HALF || this.#used + MAX_RECORD > RECORDS;
  }

  /** A word's tokens, or null. */
  find(hash: number, text: string, start: number, end: number): Int32Array | null {
    for (let slot = hash; ; slot++) {
      const at = this.slots[slot & (this.slots.length - 1)]!;
      if (at === NONE) return null;
      const size = this.records[at + 1]! & 255;
      const from = 2 * (at + HEADER);
      const isWord =
        size === end - start &&
        this.units.subarray(from, from + size).every((unit, i) => unit === text.charCodeAt(start + i));
      const first = at + HEADER + ((size + 1) >> 1);
      if (isWord) return this.records.subarray(first, first + (this.records[at + 1]! >> 8));
    }
  }

  /** A word that it does not hold. */
  add(hash: number, text: string, start: number, end: number, tokens: Int32Array): void {
    const { slots, records, units } = this;
    let slot = hash & (slots.length - 1);
    while (slots[slot] !== NONE) slot = (slot + 1) & (slots.length - 1);
    const at = this.#used;
    const size = end - start;
    slots[slot] = at;
    records[at] = hash;
    records[at + 1] = size + 256 * tokens.length;
    for (let i = 0; i < size; i++) units[2 * (at + HEADER) + i] = text.charCodeAt(start + i);
    const first = at + HEADER + ((size + 1) >> 1);
    for (let i = 0; i < tokens.length; i++) records[first + i] = tokens[i]!;
    this.#used = first + tokens.length;
    this.size += 1;
  }
}
