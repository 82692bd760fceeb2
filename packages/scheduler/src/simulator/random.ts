// Random numbers of the simulator: streams that do not disturb each other, so that another length distribution, say, leaves the
// arrivals as they were, and two policies are compared on the same requests.
import { philox4x32 } from "@octavo/core";

/** What is drawn; each has a stream of its own. */
export const RandomStream = {
  arrivals: 0,
  inputLengths: 1,
  outputLengths: 2,
  prefixes: 3,
  tenants: 4,
  priorities: 5,
} as const;

export type RandomStream = (typeof RandomStream)[keyof typeof RandomStream];

export class Random {
  readonly #words = new Uint32Array(4);
  readonly #stream: number;
  readonly #low: number;
  readonly #high: number;
  #count = 0;

  /** @param seed a safe integer, not negative */
  constructor(seed: number, stream: RandomStream) {
    this.#stream = stream;
    this.#low = seed >>> 0;
    this.#high = Math.floor(seed / 2 ** 32);
  }

  /** In (0, 1), with 52 random bits. */
  uniform(): number {
    const count = this.#count++;
    philox4x32(this.#words, count >>> 0, Math.floor(count / 2 ** 32), this.#stream, 0, this.#low, this.#high);
    return (this.#words[0]! * 2 ** 20 + (this.#words[1]! >>> 12) + 0.5) * 2 ** -52;
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Gamma with scale 1 (Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000). */
  gamma(shape: number): number {
    if (shape === 1) return -Math.log(this.uniform());
    if (shape < 1) return this.gamma(shape + 1) * this.uniform() ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(this.uniform()) < x * x * 0.5 + d * (1 - v + Math.log(v))) return d * v;
    }
  }

  /** An index of `shares`, as often as its share says. */
  pick(shares: readonly number[]): number {
    let left = this.uniform() * shares.reduce((sum, share) => sum + share, 0);
    for (let i = 0; i < shares.length; i++) {
      left -= shares[i]!;
      if (left < 0) return i;
    }
    return shares.length - 1;
  }
}
