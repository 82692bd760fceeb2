// Ids of tokens, by their text or by a part of a longer text: a hash table of ids, which takes no string to ask.
import { hashUnits } from "../pipeline/hash-units.js";

const EMPTY = -1;
/** Entries from here down are tokens that share their id with another. */
const SHARED = -2;

export class TokenIndex {
  /** By id; ids without a token are holes. */
  readonly tokens: string[] = [];
  readonly #shared: { readonly token: string; readonly id: number }[] = [];
  #ids = new Int32Array(2 ** 17).fill(EMPTY);
  #mask = 2 ** 17 - 1;
  #size = 0;

  /** Tokens that it holds. */
  get size(): number {
    return this.#size;
  }

  /** Of two tokens with one id the first stands for it. @returns whether the token was not there yet */
  add(token: string, id: number): boolean {
    const slot = this.#slotOf(token, 0, token.length);
    if (this.#ids[slot] !== EMPTY) return false;
    if (this.tokens[id] === undefined) {
      this.#ids[slot] = id;
      this.tokens[id] = token;
    } else {
      this.#ids[slot] = SHARED - (this.#shared.push({ token, id }) - 1);
    }
    this.#size += 1;
    if (2 * this.#size > this.#mask) this.#grow();
    return true;
  }

  /** Whether two tokens have one id. */
  get sharesIds(): boolean {
    return this.#shared.length > 0;
  }

  /** Visits each token, also those that share an id. */
  forEach(visit: (token: string, id: number) => void): void {
    // Holes are not visited.
    this.tokens.forEach(visit);
    for (const { token, id } of this.#shared) visit(token, id);
  }

  get(token: string): number | undefined {
    const id = this.find(token, 0, token.length);
    return id < 0 ? undefined : id;
  }

  /** The id of a part of a text; -1: it is no token. */
  find(text: string, start: number, end: number): number {
    const entry = this.#ids[this.#slotOf(text, start, end)]!;
    return entry > SHARED ? entry : this.#shared[SHARED - entry]!.id;
  }

  /** Where it is, or belongs. */
  #slotOf(text: string, start: number, end: number): number {
    let slot = hashUnits(text, start, end) & this.#mask;
    for (;;) {
      const entry = this.#ids[slot]!;
      if (entry === EMPTY) return slot;
      const token = entry > SHARED ? this.tokens[entry]! : this.#shared[SHARED - entry]!.token;
      if (isPart(token, text, start, end)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    this.#mask = 2 * this.#mask + 1;
    this.#ids = new Int32Array(this.#mask + 1).fill(EMPTY);
    const put = (token: string, entry: number) => {
      this.#ids[this.#slotOf(token, 0, token.length)] = entry;
    };
    // Holes are not visited.
    this.tokens.forEach(put);
    for (const [i, { token }] of this.#shared.entries()) put(token, SHARED - i);
  }
}

/** Whether the token is this part of the text. */
function isPart(token: string, text: string, start: number, end: number): boolean {
  if (token.length !== end - start) return false;
  for (let i = 0; i < token.length; i++) if (token.charCodeAt(i) !== text.charCodeAt(start + i)) return false;
  return true;
}
