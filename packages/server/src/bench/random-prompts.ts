// vLLM's random dataset: prompts of token ids drawn evenly, the same for the same seed.

export interface RandomPrompts {
  readonly count: number;
  /** Tokens a prompt. */
  readonly inputLen: number;
  readonly seed: number;
  /** Ids are below this. */
  readonly vocabSize: number;
}

/** Ids below this are often special: padding, and begin and end of a text. */
const FIRST_ID = 16;

export function randomPrompts({ count, inputLen, seed, vocabSize }: RandomPrompts): number[][] {
  const random = randomNumbers(seed);
  const first = vocabSize > 2 * FIRST_ID ? FIRST_ID : 0;
  const draw = () => first + Math.floor(random() * (vocabSize - first));
  return Array.from({ length: count }, () => Array.from({ length: inputLen }, draw));
}

/** Numbers in [0, 1): Mulberry32, by Tommy Ettinger (public domain). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * When requests start, in seconds from the first one: a Poisson process of `rate` requests a second.
 * @param rate Infinity: all at once
 */
export function arrivals(count: number, rate: number, seed: number): number[] {
  const random = randomNumbers(seed ^ 0x5eed);
  const times: number[] = [];
  let time = 0;
  for (let i = 0; i < count; i++) {
    times.push(time);
    if (Number.isFinite(rate)) time += -Math.log(1 - random()) / rate;
  }
  return times;
}
