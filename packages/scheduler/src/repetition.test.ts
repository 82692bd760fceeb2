import { expect, test } from "vitest";
import { endsInCircle, type RepetitionDetection } from "./repetition.js";

/** As vLLM words it: for each size, each of the last tokens against the same place in the patterns before. */
function reference(
  tokens: readonly number[],
  { minPatternSize, maxPatternSize, minCount }: RepetitionDetection,
): boolean {
  for (let size = minPatternSize; size <= maxPatternSize; size++) {
    if (size * minCount > tokens.length) return false;
    const patterns = Array.from({ length: minCount }, (_, i) => {
      return tokens.slice(tokens.length - size * (i + 1), tokens.length - size * i).join();
    });
    if (new Set(patterns).size === 1) return true;
  }
  return false;
}

test("finds what a comparison of whole patterns finds", () => {
  let random = 7;
  const next = (below: number) => {
    random = (random * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((random / 2 ** 31) * below);
  };
  let found = 0;
  for (let round = 0; round < 3000; round++) {
    const tokens = Array.from({ length: 1 + next(16) }, () => next(2));
    const minPatternSize = 1 + next(3);
    const params = { minPatternSize, maxPatternSize: minPatternSize + next(4), minCount: 2 + next(3), minTokens: 0 };
    // The prompt does not count, nor does what lies behind.
    const all = Int32Array.of(1, 1, 1, ...tokens, 1, 1);
    const actual = endsInCircle(all, 3, 3 + tokens.length, params);
    expect(actual, JSON.stringify({ tokens, params })).toBe(reference(tokens, params));
    if (actual) found++;
  }
  expect(found).toBeGreaterThan(300);
});

test("not before so many tokens", () => {
  const params = { minPatternSize: 1, maxPatternSize: 2, minCount: 2, minTokens: 5 };
  const tokens = new Int32Array(8);
  expect([4, 5].map((length) => endsInCircle(tokens, 0, length, params))).toEqual([false, true]);
});
