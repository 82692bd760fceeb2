// What else than its tokens decides what a block holds, as one number for the prefix cache.

/** Kinds of a salt's content that are told apart. */
const MAX_OFFSETS = 16;

/**
 * Joins a request's own salt with where its positions begin in the RoPE table: keys that were rotated differently are different
 * content. There are few of these, one for each set of frequencies that a model has.
 */
export class CacheSalts {
  readonly #ropeOffsets: number[] = [0];

  /** @param salt of the request, 0 for none; below 2^48 */
  of(salt: number, ropeOffset: number): number {
    let index = this.#ropeOffsets.indexOf(ropeOffset);
    if (index < 0) index = this.#ropeOffsets.push(ropeOffset) - 1;
    return salt * MAX_OFFSETS + index;
  }

  /** The request's salt in a number that `of` gave. */
  static saltOf(joined: number): number {
    return Math.floor(joined / MAX_OFFSETS);
  }
}
