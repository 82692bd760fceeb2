import { describe, expect, test } from "vitest";
import { BlockHasher } from "./block-hash.js";
import { PrefixCache } from "./prefix-cache.js";

const tokens = Int32Array.of(1, 2, 3, 4);

/** Every block has this hash. */
const hashed = (low: number, high: number) => ({ low: () => low, high: () => high });
const same = hashed(50, 60);

describe("a hit needs more than an equal hash", () => {
  const cache = new PrefixCache(8, 2);
  cache.insert(1, 0, same, 0, 0, tokens);
  cache.insert(2, 0, same, 1, cache.serial(1), tokens);
  cache.insert(3, 1, same, 0, 0, tokens);

  test("the same tokens after the same parent, in the same group", () => {
    expect(cache.find(0, same, 0, 0, tokens)).toBe(1);
    expect(cache.find(0, same, 1, cache.serial(1), tokens)).toBe(2);
    expect(cache.find(1, same, 0, 0, tokens)).toBe(3);
    cache.checkInvariants();
  });
  test.each([
    ["other tokens", () => cache.find(0, same, 0, 0, Int32Array.of(1, 3))],
    ["another parent", () => cache.find(0, same, 1, cache.serial(2), tokens)],
    ["another salt", () => cache.find(0, same, 0, -1, tokens)],
    ["another group", () => cache.find(2, same, 0, 0, tokens)],
    ["another low word", () => cache.find(0, hashed(51, 60), 0, 0, tokens)],
    ["another high word", () => cache.find(0, hashed(50, 61), 0, 0, tokens)],
  ])("%s: no hit", (_, find) => expect(find()).toBe(0));
});

test("a child is not found under a parent that was evicted and registered again", () => {
  const cache = new PrefixCache(8, 2);
  cache.insert(1, 0, same, 0, 0, tokens);
  cache.insert(2, 0, same, 1, cache.serial(1), tokens);
  cache.remove(1);
  cache.insert(1, 0, same, 0, 0, tokens);
  expect(cache.find(0, same, 1, cache.serial(1), tokens)).toBe(0);
});

test("blocks in one bucket are removed in any order", () => {
  for (const order of [
    [1, 2, 3],
    [2, 1, 3],
    [3, 2, 1],
  ]) {
    const cache = new PrefixCache(4, 2);
    for (const block of [1, 2, 3]) cache.insert(block, 0, hashed(4, block), 0, 0, tokens);
    for (const block of order) {
      expect(cache.remove(block)).toBe(true);
      expect(cache.find(0, hashed(4, block), 0, 0, tokens)).toBe(0);
      cache.checkInvariants();
    }
    expect(cache.remove(1)).toBe(false);
  }
});

describe("block hashes", () => {
  const lanes = (seed: number | undefined, parent: [number, number], block: number[]) => {
    const hasher = new BlockHasher(seed);
    hasher.hash(...parent, Int32Array.from(block), 0, block.length);
    return [hasher.low, hasher.high];
  };
  const base = lanes(1, [0, 0], [1, 2]);

  test("depend on tokens, their order, both words of the parent and the seed, in both lanes", () => {
    const others = [
      lanes(1, [0, 0], [2, 1]),
      lanes(1, [0, 0], [1, 3]),
      lanes(1, [1, 0], [1, 2]),
      lanes(1, [0, 1], [1, 2]),
      lanes(2, [0, 0], [1, 2]),
    ];
    expect(lanes(1, [0, 0], [1, 2])).toEqual(base);
    for (const [low, high] of others) {
      expect(low).not.toBe(base[0]);
      expect(high).not.toBe(base[1]);
    }
  });

  test("differ between processes", () => {
    expect(lanes(undefined, [0, 0], [1, 2])).not.toEqual(lanes(undefined, [0, 0], [1, 2]));
  });

  test("spread: 20,000 similar blocks collide in no lane more often than chance allows", () => {
    const hasher = new BlockHasher(3);
    const [lows, highs] = [new Set<number>(), new Set<number>()];
    for (let i = 0; i < 20_000; i++) {
      hasher.hash(0, 0, Int32Array.of(i % 100, Math.floor(i / 100), 0, 0), 0, 4);
      lows.add(hasher.low);
      highs.add(hasher.high);
    }
    // 20,000^2 / 2 / 2^32 is 0.05 expected collisions.
    expect(lows.size).toBeGreaterThan(19_995);
    expect(highs.size).toBeGreaterThan(19_995);
  });
});
