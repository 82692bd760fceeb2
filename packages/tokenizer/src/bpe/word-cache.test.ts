import { expect, test } from "vitest";
import { MAX_CACHED_LENGTH, WordCache } from "./word-cache.js";

test("keeps words, and no more than it may", () => {
  const cache = new WordCache();
  cache.set("one", 1);
  cache.set("two", Int32Array.of(2, 3));
  cache.set("x".repeat(MAX_CACHED_LENGTH + 1), 4);
  expect([cache.get("one"), cache.get("two"), cache.get("three")]).toEqual([1, Int32Array.of(2, 3), undefined]);
  expect(cache.size).toBe(2);
  for (let i = 0; i < 200_000; i++) {
    cache.set(`word ${i}`, i);
    if (i % 1000 === 0) expect(cache.get("one")).toBe(1);
  }
  expect(cache.size).toBeLessThanOrEqual(2 ** 16);
  expect(cache.get("one")).toBe(1);
  expect(cache.get("two")).toBeUndefined();
  expect(cache.get("word 199999")).toBe(199_999);
});
