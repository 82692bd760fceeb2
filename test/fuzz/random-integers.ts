// Seeded randomness for tests: the same on every machine.

/** Whole numbers from `low` to `high`, both included (xorshift32). */
export function randomIntegers(seed: number): (low: number, high: number) => number {
  let state = Math.imul(seed, 0x9e3779b9) | 1;
  return (low, high) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return low + ((state >>> 0) % (high - low + 1));
  };
}
