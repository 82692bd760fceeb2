import { describe, expect, test } from "vitest";
import { NgramIndex } from "./ngram-index.js";

/** The same by looking at every place. */
function findPlainly(tokens: Int32Array, length: number, min: number, max: number): number {
  let best = -1;
  let longest = min - 1;
  for (let place = length - 1; place >= min; place--) {
    let equal = 0;
    while (equal < Math.min(max, place) && tokens[place - 1 - equal] === tokens[length - 1 - equal]) equal++;
    if (equal > longest) [best, longest] = [place, equal];
  }
  return best;
}

describe.each([
  [1, 1],
  [2, 2],
  [2, 6],
  [5, 5],
])("%i to %i tokens", (min, max) => {
  test.each([3, 7, 40])("of %i kinds: what looking everywhere finds, at each length", (kinds) => {
    let state = 1;
    // At most 64 places are looked at: fewer tokens than that for the shortest matches of few kinds.
    const length = min === 1 ? 60 : min === 2 ? 120 : 3000;
    const tokens = Int32Array.from({ length }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * kinds);
    });
    const index = new NgramIndex(min, max);
    let found = 0;
    for (let known = 1; known <= length; known += 1 + (known % 3)) {
      const place = index.find(tokens, known);
      expect(place, `at ${known}`).toBe(findPlainly(tokens, known, min, max));
      if (place >= 0) found++;
    }
    if (kinds === 3) expect(found).toBeGreaterThan(10);
  });
});

test("a token is indexed once, however long the sequence is", () => {
  const tokens = Int32Array.from({ length: 200_000 }, (_, i) => (i * i) % 997);
  const index = new NgramIndex(3, 5);
  const start = performance.now();
  for (let length = 100_000; length < tokens.length; length++) index.find(tokens, length);
  // Some 20 ms; reading the sequence again each time would take minutes.
  expect(performance.now() - start).toBeLessThan(3000);
});
