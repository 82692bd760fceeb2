// Cache salts as numbers: the engine compares numbers, and two texts must never be one.

/** Far above the tenants of one server; beyond it the salt that was not used for the longest time loses its blocks. */
const MAX_SALTS = 65_536;

/** Gives every text a number of its own, from 1 on. One that was forgotten and comes back gets a new one: it finds nothing, and is not found. */
export class SaltNames {
  /** Used last, last. */
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #limit: number;
  #last = 0;

  constructor(limit = MAX_SALTS) {
    this.#limit = limit;
  }

  /** @param name the text; undefined for none, which is 0 */
  numberOf(name: string | undefined): number {
    if (name === undefined) return 0;
    const number = this.#numbers.get(name) ?? ++this.#last;
    this.#numbers.delete(name);
    this.#numbers.set(name, number);
    this.#names.set(number, name);
    if (this.#numbers.size > this.#limit) {
      const [oldest, forgotten] = this.#numbers.entries().next().value!;
      this.#numbers.delete(oldest);
      this.#names.delete(forgotten);
    }
    return number;
  }

  /** The text of a number; null where it was forgotten. */
  nameOf(number: number): string | null {
    return this.#names.get(number) ?? null;
  }
}
