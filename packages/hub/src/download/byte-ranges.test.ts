import { expect, test } from "vitest";
import { ByteRanges } from "./byte-ranges.js";

test("any order of ranges says what is missing, as a list of bytes would", () => {
  const size = 60;
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let round = 0; round < 300; round++) {
    const ranges = new ByteRanges();
    const there = new Uint8Array(size);
    for (let i = random(12); i > 0; i--) {
      const begin = random(size);
      const end = Math.min(size, begin + random(15));
      ranges.add(begin, end);
      there.fill(1, begin, end);
    }
    expect(ranges.length).toBe(there.reduce((sum, byte) => sum + byte, 0));
    const most = 1 + random(20);
    const missing = ranges.missing(size, most);
    const filled = there.slice();
    for (const { begin, end } of missing) {
      expect(end - begin).toBeLessThanOrEqual(most);
      expect(filled.subarray(begin, end)).toEqual(new Uint8Array(end - begin));
      filled.fill(1, begin, end);
    }
    expect(filled.every((byte) => byte === 1)).toBe(true);
  }
});

test("nothing, and all", () => {
  const ranges = new ByteRanges();
  expect(ranges.missing(10, 4)).toEqual([
    { begin: 0, end: 4 },
    { begin: 4, end: 8 },
    { begin: 8, end: 10 },
  ]);
  ranges.add(0, 10);
  expect(ranges.missing(10, 4)).toEqual([]);
  ranges.clear();
  expect(ranges.length).toBe(0);
});
