// Copies of whole blocks between tiers: commands that the engine runs in their order, before the step that was planned last.

/** Where a block's bytes can lie. */
export const KvTier = {
  /** The cache that attention reads. */
  device: 0,
  /** Host memory that the device can copy from and to. */
  host: 1,
  /** A file. */
  file: 2,
} as const;

export type KvTier = (typeof KvTier)[keyof typeof KvTier];

/** Words of one command: from tier, from block, to tier, to block. */
export const COPY_WORDS = 4;

/**
 * A list of copy commands. Each may read what an earlier one wrote and overwrite what an earlier one read, so that a device runs
 * them in this order: after every step that was launched before, before the one that was planned with them.
 */
export class BlockCopies {
  #words = new Int32Array(COPY_WORDS * 16);
  #length = 0;

  get count(): number {
    return this.#length / COPY_WORDS;
  }

  /** int32 [count, COPY_WORDS] at least; another array after `add`. */
  get words(): Int32Array {
    return this.#words;
  }

  add(fromTier: KvTier, from: number, toTier: KvTier, to: number): void {
    if (this.#length === this.#words.length) {
      const words = new Int32Array(2 * this.#words.length);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[this.#length++] = fromTier;
    this.#words[this.#length++] = from;
    this.#words[this.#length++] = toTier;
    this.#words[this.#length++] = to;
  }

  /** After the commands were run. */
  clear(): void {
    this.#length = 0;
  }
}
