// The 64-bit hash of a full block, chained: it stands for the block's tokens and all that came before them.
import { philox4x32 } from "@octavo/core";

/**
 * Hashes with secret multipliers, so that a client cannot prepare prompts that collide and slow the table down. (They could
 * not get wrong tokens: {@link PrefixCache} compares contents.)
 */
export class BlockHasher {
  /** The two lanes of the last `hash`. */
  low = 0;
  high = 0;
  readonly #keys: Uint32Array;

  /** @param seed for reproducible hashes; random when absent */
  constructor(seed?: number) {
    this.#keys = new Uint32Array(4);
    if (seed === undefined) crypto.getRandomValues(this.#keys);
    else philox4x32(this.#keys, 0, 0, 0, 0, seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0);
    this.#keys[2]! |= 1;
    this.#keys[3]! |= 1;
  }

  /** Hashes tokens `[start, end)` on top of the parent's hash; that of a first block's parent is the cache salt's words. */
  hash(parentLow: number, parentHigh: number, tokens: Int32Array, start: number, end: number): void {
    const lowKey = this.#keys[2]!;
    const highKey = this.#keys[3]!;
    let low = mix(parentLow ^ this.#keys[0]!, lowKey);
    let high = mix(parentHigh ^ this.#keys[1]!, highKey);
    for (let i = start; i < end; i++) {
      const token = tokens[i]!;
      low = mix(low ^ token, lowKey);
      high = mix(high + token, highKey);
    }
    // Each lane depends on both parent lanes, or a chain would be two separate 32-bit hashes.
    this.low = mix(low ^ Math.imul(high, lowKey), highKey);
    this.high = mix(high ^ Math.imul(low, highKey), lowKey);
  }
}

function mix(value: number, key: number): number {
  const product = Math.imul(value, key);
  return Math.imul(product ^ (product >>> 15), 0x2c1b3c6d) ^ (product >>> 13);
}
