// Where the last tokens of a sequence came before in it, found without reading the sequence again (prompt lookup, Saxena 2023).
import { NO_TOKEN } from "@octavo/core";

/** Beyond so many places with the same beginning the latest is as good as any. */
const MAX_CANDIDATES = 64;
const FIRST_BUCKETS = 1024;

/**
 * Chains, as in LZ77, of the places after which a hash of `min` tokens ends, latest first. A token is indexed once, when one follows
 * it, so that a lookup finds only places that go on.
 */
export class NgramIndex {
  readonly #min: number;
  readonly #max: number;
  /** For each hash the latest place; 0: none. A place is the index of the token that follows. */
  #heads = new Int32Array(FIRST_BUCKETS);
  /** For each place the one before it with the same hash. */
  #earlier = new Int32Array(FIRST_BUCKETS);
  #indexed = 0;

  /** @param min tokens that must be equal; @param max tokens that are compared */
  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
    this.#indexed = min - 1;
  }

  /**
   * Looks for the longest earlier occurrence of the end of `tokens[0, length)`; of equally long ones the latest wins.
   * @param tokens the same sequence in each call, grown
   * @returns the index of the token that followed there, or NO_TOKEN
   */
  find(tokens: Int32Array, length: number): number {
    if (length <= this.#min) return NO_TOKEN;
    this.#extend(tokens, length);
    let best = NO_TOKEN;
    let longest = this.#min - 1;
    let place = this.#heads[this.#hash(tokens, length)]!;
    for (let i = 0; place !== 0 && i < MAX_CANDIDATES; i++) {
      const equal = this.#equalBefore(tokens, place, length);
      if (equal > longest) {
        longest = equal;
        best = place;
        if (equal === this.#max) break;
      }
      place = this.#earlier[place]!;
    }
    return best;
  }

  /** Indexes all places below `length`. */
  #extend(tokens: Int32Array, length: number): void {
    if (length > this.#heads.length) this.#enlarge(length);
    while (this.#indexed < length - 1) {
      const place = ++this.#indexed;
      const hash = this.#hash(tokens, place);
      this.#earlier[place] = this.#heads[hash]!;
      this.#heads[hash] = place;
    }
  }

  /** How many tokens before `place` equal those before `end`, up to `max`. */
  #equalBefore(tokens: Int32Array, place: number, end: number): number {
    const most = Math.min(this.#max, place);
    let equal = 0;
    while (equal < most && tokens[place - 1 - equal] === tokens[end - 1 - equal]) equal++;
    return equal;
  }

  /** Of the `min` tokens before `end`. */
  #hash(tokens: Int32Array, end: number): number {
    let hash = 0;
    for (let i = end - this.#min; i < end; i++) hash = Math.imul(hash ^ tokens[i]!, 0x9e3779b1);
    return (hash ^ (hash >>> 15)) & (this.#heads.length - 1);
  }

  /** Starts again in larger tables; happens a few times in a sequence's life. */
  #enlarge(length: number): void {
    const size = 2 ** Math.ceil(Math.log2(2 * length));
    this.#heads = new Int32Array(size);
    this.#earlier = new Int32Array(size);
    this.#indexed = this.#min - 1;
  }
}
