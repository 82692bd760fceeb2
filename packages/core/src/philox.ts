// Philox4x32-10, the counter-based random generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
// Sampling draws from it by position, so a token's randomness depends on nothing but its request's seed. The C++ and CUDA
// versions are the same function; the header generated from plan/layout.ts carries the constants.

/** Multiplier of the counter's first word. */
export const PHILOX_M0 = 0xd2511f53;
/** Multiplier of its third word. */
export const PHILOX_M1 = 0xcd9e8d57;
/** What the key's first word grows by each round. */
export const PHILOX_W0 = 0x9e3779b9;
/** What its second word grows by. */
export const PHILOX_W1 = 0xbb67ae85;
/** Rounds of the generator. */
export const PHILOX_ROUNDS = 10;

/**
 * Four random words for counter `c` and key `k`.
 * @param out receives 4 words; may be longer.
 */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < PHILOX_ROUNDS; round++) {
    const hi0 = mulHigh(PHILOX_M0, c0);
    const lo0 = Math.imul(PHILOX_M0, c0) >>> 0;
    const hi1 = mulHigh(PHILOX_M1, c2);
    const lo1 = Math.imul(PHILOX_M1, c2) >>> 0;
    c0 = (hi1 ^ c1 ^ k0) >>> 0;
    c1 = lo1;
    c2 = (hi0 ^ c3 ^ k1) >>> 0;
    c3 = lo0;
    k0 = (k0 + PHILOX_W0) >>> 0;
    k1 = (k1 + PHILOX_W1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of the 64-bit product of two unsigned words. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = (b >>> 0) >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/** A random word as a float in (0, 1) with 24 significant bits: exact in float32, never 0 or 1. */
export function uniform(word: number): number {
  return ((word >>> 9) + 0.5) * 2 ** -23;
}

/**
 * Standard Gumbel noise for one vocabulary entry: `argmax(logit / temperature + gumbel)` is a sample from the softmax.
 * Counter: (token >> 2, position, choice, 0), key: the seed's two words; word `token & 3` of the block belongs to `token`.
 * @param position index in the sequence of the token being sampled
 * @param choice which of a request's parallel samples
 */
export function gumbel(seedLow: number, seedHigh: number, position: number, choice: number, token: number): number {
  philox4x32(scratch, token >>> 2, position, choice, 0, seedLow, seedHigh);
  return -Math.log(-Math.log(uniform(scratch[token & 3]!)));
}

const scratch = new Uint32Array(4);
