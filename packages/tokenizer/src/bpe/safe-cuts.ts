// Cuts a text where no merge can ever reach across, so that its parts may be merged apart, and looked up in the word cache: models
// like Gemma merge over a whole text. A merge across a place would join a token that ends with the character before it and one that
// begins with the character after it; where no merge of the model has such two tokens, what is on one side never depends on the other.
import { Cutter } from "../cutting/cutter.js";

/** Bits of the set of character pairs; a pair that shares its bit with another is only not cut. */
const BITS = 2 ** 21;

export class SafeCuts extends Cutter {
  readonly #joined = new Uint32Array(BITS / 32);

  /** A merge of two tokens that exist. */
  addMerge(left: string, right: string): void {
    const bit = bitOf(left.charCodeAt(left.length - 1), right.charCodeAt(0));
    this.#joined[bit >>> 5]! |= 1 << (bit & 31);
  }

  next(text: string, from: number): number {
    const joined = this.#joined;
    let before = text.charCodeAt(from);
    for (let i = from + 1; i < text.length; i++) {
      const after = text.charCodeAt(i);
      const bit = bitOf(before, after);
      // Not between the two halves of a character.
      const isInside = (after & 0xfc00) === 0xdc00;
      if ((joined[bit >>> 5]! & (1 << (bit & 31))) === 0 && !isInside) return i;
      before = after;
    }
    return text.length;
  }
}

function bitOf(before: number, after: number): number {
  return Math.imul((before << 16) | after, 0x9e3779b1) >>> 11;
}
