// Ids of tokens, by their text or by a part of a longer text: a hash table of ids, which takes no string to ask.
import { hashUnits } from "./hash-units.js";

const EMPTY = -1;

export class TokenIndex {
  /** By id; ids without a token are holes. */
  readonly tokens: string[] = [];
  #ids = new Int32Array(2 ** 17).fill(EMPTY);
  #mask = 2 ** 17 - 1;
  #size = 0;

  /** Tokens that it holds. */
  get size(): number {
    return this.#size;
  }

  /** @returns whether both were free: a token has one id, an id one token */
  add(token: string, id: number): boolean {
    if (this.tokens[id] !== undefined) return false;
    const slot = this.#slotOf(token, 0, token.length);
    if (this.#ids[slot] !== EMPTY) return false;
    this.#ids[slot] = id;
    this.tokens[id] = token;
    this.#size += 1;
    if (2 * this.#size > this.#mask) this.#grow();
    return true;
  }

  get(token: string): number | undefined {
    const id = this.find(token, 0, token.length);
    return id < 0 ? undefined : id;
  }

  /** The id of a part of a text; -1: it is no token. */
  find(text: string, start: number, end: number): number {
    return this.#ids[this.#slotOf(text, start, end)]!;
  }

  /** Where it is, or belongs. */
  #slotOf(text: string, start: number, end: number): number {
    let slot = hashUnits(text, start, end) & this.#mask;
    for (;;) {
      const id = this.#ids[slot]!;
      if (id === EMPTY || isPart(this.tokens[id]!, text, start, end)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    this.#mask = 2 * this.#mask + 1;
    this.#ids = new Int32Array(this.#mask + 1).fill(EMPTY);
    // Holes are not visited.
    this.tokens.forEach((token, id) => {
      this.#ids[this.#slotOf(token, 0, token.length)] = id;
    });
  }
}

/** Whether the token is this part of the text. */
function isPart(token: string, text: string, start: number, end: number): boolean {
  if (token.length !== end - start) return false;
  for (let i = 0; i < token.length; i++) if (token.charCodeAt(i) !== text.charCodeAt(start + i)) return false;
  return true;
}
