import { describe, expect, test } from "vitest";
import { KvCacheManager, type KvCacheOptions } from "./kv-cache-manager.js";
import type { KvSequence } from "./kv-sequence.js";

function createCache(options: Partial<KvCacheOptions> = {}): KvCacheManager {
  return new KvCacheManager({ numBlocks: 11, blockSize: 4, hashSeed: 1, ...options });
}

function range(length: number, first = 0): Int32Array {
  return Int32Array.from({ length }, (_, i) => first + i);
}

/** A sequence that has computed all of `tokens`. */
function computed(cache: KvCacheManager, tokens: Int32Array, cacheSalt = 0): KvSequence {
  const sequence = cache.createSequence({ cacheSalt });
  sequence.matchPrefix(tokens, tokens.length);
  expect(sequence.grow(tokens.length)).toBe(true);
  sequence.commit(tokens, tokens.length);
  return sequence;
}

function blocksOf(sequence: KvSequence): number[] {
  return Array.from({ length: sequence.numBlocks }, (_, i) => sequence.block(i));
}

function match(cache: KvCacheManager, tokens: Int32Array, cacheSalt = 0): number {
  const sequence = cache.createSequence({ cacheSalt });
  const cached = sequence.matchPrefix(tokens, tokens.length);
  sequence.free();
  return cached;
}

describe("grow", () => {
  test("takes a block when the last one is full", () => {
    const cache = createCache();
    const sequence = cache.createSequence();
    for (let length = 1; length <= 9; length++) {
      expect(sequence.grow(length)).toBe(true);
      expect(sequence.numBlocks).toBe(Math.ceil(length / 4));
    }
    expect([cache.usedBlocks, cache.freeBlocks, cache.totalBlocks]).toEqual([3, 7, 10]);
  });

  test("changes nothing when too few blocks are free", () => {
    const cache = createCache();
    const sequence = cache.createSequence();
    expect(sequence.grow(36)).toBe(true);
    expect(sequence.grow(41)).toBe(false);
    expect([sequence.numBlocks, cache.freeBlocks]).toEqual([9, 1]);
    expect(sequence.grow(40)).toBe(true);
    cache.checkInvariants([sequence]);
  });
});

describe("prefix caching", () => {
  test("shares full blocks with a live sequence", () => {
    const cache = createCache();
    const first = computed(cache, range(10));
    const second = cache.createSequence();
    expect(second.matchPrefix(range(10), 10)).toBe(8);
    expect(blocksOf(second)).toEqual(blocksOf(first).slice(0, 2));
    cache.checkInvariants([first, second]);
    first.free();
    cache.checkInvariants([second]);
    expect(cache.usedBlocks).toBe(2);
    expect([cache.prefixCacheQueries, cache.prefixCacheHits]).toEqual([20, 8]);
  });

  test("finds a freed sequence's blocks until they are handed out", () => {
    const cache = createCache();
    computed(cache, range(12)).free();
    expect(cache.usedBlocks).toBe(0);
    expect(match(cache, range(20))).toBe(12);
    const other = cache.createSequence();
    other.grow(32);
    expect(cache.evictions).toBe(1);
    expect(match(cache, range(20)), "the tail goes first").toBe(8);
  });

  test.each([
    [7, 4],
    [8, 4],
    [9, 8],
    [4, 0],
    [1, 0],
  ])("leaves a token to compute: of %i tokens it finds %i", (length, cached) => {
    const cache = createCache();
    computed(cache, range(10)).free();
    expect(match(cache, range(length))).toBe(cached);
  });

  test("stops at the first block that differs", () => {
    const cache = createCache();
    computed(cache, range(16)).free();
    const tokens = range(16);
    tokens[5] = 99;
    expect(match(cache, tokens)).toBe(4);
    tokens[0] = 99;
    expect(match(cache, tokens)).toBe(0);
  });

  test("keeps salts apart, the large ones too", () => {
    const cache = createCache();
    computed(cache, range(8), 2 ** 40).free();
    expect(match(cache, range(9), 2 ** 40)).toBe(8);
    for (const salt of [0, 1, 2 ** 40 + 1, 2 ** 41]) expect(match(cache, range(9), salt)).toBe(0);
    expect(() => cache.createSequence({ cacheSalt: -1 })).toThrow("cache salt -1");
  });

  test("a block is found once it is full, not before", () => {
    const cache = createCache();
    const sequence = cache.createSequence();
    sequence.matchPrefix(range(8), 8);
    sequence.grow(8);
    sequence.commit(range(8), 3);
    expect(cache.cachedBlocks).toBe(0);
    sequence.commit(range(8), 7);
    expect(match(cache, range(9))).toBe(4);
    sequence.commit(range(8), 8);
    expect(match(cache, range(9))).toBe(8);
  });

  test("two sequences that compute the same tokens side by side register them once", () => {
    const cache = createCache();
    const pair = [cache.createSequence(), cache.createSequence()] as const;
    for (const sequence of pair) {
      sequence.matchPrefix(range(8), 8);
      sequence.grow(8);
    }
    for (const length of [4, 8]) for (const sequence of pair) sequence.commit(range(8), length);
    expect(cache.cachedBlocks).toBe(2);
    cache.checkInvariants(pair);
    pair[1].free();
    expect(match(cache, range(9))).toBe(8);
  });

  test("a sequence may begin again after free, with more tokens", () => {
    const cache = createCache();
    const sequence = computed(cache, range(10));
    sequence.free();
    expect(sequence.matchPrefix(range(14), 14)).toBe(8);
    expect(sequence.grow(14)).toBe(true);
    sequence.commit(range(14), 14);
    cache.checkInvariants([sequence]);
    expect(match(cache, range(14))).toBe(12);
  });

  test("can be off", () => {
    const cache = createCache({ enablePrefixCaching: false });
    computed(cache, range(12)).free();
    expect(match(cache, range(12))).toBe(0);
    expect([cache.cachedBlocks, cache.prefixCacheQueries, cache.evictions]).toEqual([0, 0, 0]);
    cache.checkInvariants([]);
  });

  test("reset forgets everything, also what live sequences fill later", () => {
    const cache = createCache();
    const sequence = cache.createSequence();
    sequence.matchPrefix(range(12), 12);
    sequence.grow(12);
    sequence.commit(range(12), 6);
    cache.resetPrefixCache();
    sequence.commit(range(12), 12);
    expect([match(cache, range(12)), cache.cachedBlocks]).toEqual([0, 0]);
    cache.checkInvariants([sequence]);
    sequence.free();
    computed(cache, range(12));
    expect(match(cache, range(12))).toBe(8);
  });
});

describe("fits", () => {
  test("counts cached blocks that others hold, not those it would take from the free list", () => {
    const cache = createCache({ numBlocks: 5 });
    const holder = computed(cache, range(8));
    const sequence = cache.createSequence();
    expect(cache.createSequence().fits(range(16, 100), 16)).toBe(false);
    expect(sequence.fits(range(16), 16)).toBe(true);
    expect(sequence.fits(range(16), 16, 1)).toBe(false);
    expect(sequence.fits(range(17), 17)).toBe(false);
    holder.free();
    expect(sequence.fits(range(17), 17)).toBe(false);
    expect(sequence.fits(range(16), 16)).toBe(true);
    expect([cache.usedBlocks, cache.prefixCacheQueries]).toEqual([0, 8]);
  });
});

test("sizes are checked", () => {
  expect(() => createCache({ numBlocks: 1 })).toThrow("a KV cache of 1 blocks of 4 tokens: 2 blocks at least");
  expect(() => createCache({ blockSize: 0 })).toThrow("1 token at least");
});

test("checkInvariants names a sequence's block that nobody released", () => {
  const cache = createCache();
  computed(cache, range(4));
  expect(() => cache.checkInvariants([])).toThrow("block 1 has 1 references, sequences hold 0");
});
