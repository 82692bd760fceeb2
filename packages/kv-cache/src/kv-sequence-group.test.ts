import { expect, test } from "vitest";
import { KvCacheManager } from "./kv-cache-manager.js";

const tokens = Int32Array.from({ length: 120 }, (_, i) => i);
const WINDOWS = [6, Number.POSITIVE_INFINITY];

function createCache(numBlocks: number): KvCacheManager {
  return new KvCacheManager({ numBlocks, blockSize: 4, hashSeed: 1, slidingWindows: WINDOWS });
}

test("groups share a pool; the one with a window holds only what it sees", () => {
  const cache = createCache(40);
  const sequence = cache.createTables();
  expect(sequence.matchPrefix(tokens, 100)).toBe(0);
  for (let length = 1; length <= 100; length++) {
    expect(sequence.grow(length, length - 1)).toBe(true);
    sequence.commit(tokens, length);
    sequence.slide(length);
    cache.checkInvariants(sequence.tables);
  }
  expect(cache.usedBlocks).toBe(25 + 2);
  const [windowed, full] = sequence.tables;
  expect([windowed!.block(0), windowed!.numBlocks, full!.numBlocks]).toEqual([0, 25, 25]);
  expect(full!.block(24)).not.toBe(windowed!.block(24));
  sequence.free();
  expect(cache.usedBlocks).toBe(0);
});

test("a prefix counts when every group has it; none changes where not all can be filled", () => {
  const cache = createCache(14);
  const first = cache.createTables();
  first.matchPrefix(tokens, 20);
  expect(first.grow(20, 0)).toBe(true);
  first.commit(tokens, 20);
  first.slide(20);
  expect(cache.usedBlocks).toBe(7);
  const second = cache.createTables();
  expect(second.fits(tokens, 24)).toBe(true);
  expect(second.matchPrefix(tokens, 24)).toBe(20);
  expect(cache.usedBlocks).toBe(7);
  expect(second.grow(32, 20)).toBe(true);
  expect(second.fits(tokens, 44, 0, 32)).toBe(false);
  expect(second.grow(44, 32)).toBe(false);
  expect(second.tables.map((table) => table.numBlocks)).toEqual([8, 8]);
  cache.checkInvariants([...first.tables, ...second.tables]);
  first.free();
  second.free();
  const filler = cache.createSequence();
  filler.grow(8 * 4); // overwrites what was found least lately, in both groups
  const third = cache.createTables();
  const found = third.matchPrefix(tokens, 24);
  expect(found).toBeLessThan(20);
  expect(third.tables.map((table) => table.numBlocks)).toEqual([found / 4, found / 4]);
  cache.checkInvariants([filler, ...third.tables]);
});

test("forks copy each group's shared block", () => {
  const cache = createCache(40);
  const parent = cache.createTables();
  parent.matchPrefix(tokens, 10);
  parent.grow(10, 0);
  const fork = cache.createTables();
  fork.forkFrom(parent, 10);
  expect(cache.usedBlocks).toBe(6);
  expect(fork.grow(11, 10)).toBe(true);
  expect(cache.copies.count).toBe(2);
  cache.checkInvariants([...parent.tables, ...fork.tables]);
});

test("a prefix that cannot be loaded whole is none", () => {
  const cache = new KvCacheManager({
    ...{ numBlocks: 13, blockSize: 4, hashSeed: 1 },
    slidingWindows: WINDOWS,
    numHostBlocks: 40,
  });
  const first = cache.createTables();
  first.matchPrefix(tokens, 20);
  expect(first.grow(20, 0)).toBe(true);
  first.commit(tokens, 20);
  first.free();
  const filler = cache.createSequence();
  expect(filler.grow(10 * 4)).toBe(true);
  expect(cache.offloadedBlocks).toBe(8);
  const second = cache.createTables();
  expect(second.fits(tokens, 24)).toBe(false);
  expect(second.matchPrefix(tokens, 24)).toBe(0);
  expect([second.numBlocks, second.externalTokens, cache.freeBlocks]).toEqual([0, 0, 2]);
  cache.checkInvariants([filler]);
  filler.free();
  expect(second.matchPrefix(tokens, 24)).toBe(20);
  expect([cache.prefixCacheQueries, cache.prefixCacheHits + cache.externalPrefixCacheHits]).toEqual([68, 20]);
  cache.checkInvariants(second.tables);
});

test("sizes are checked", () => {
  const sizes = { numBlocks: 4, blockSize: 4 };
  expect(() => new KvCacheManager({ ...sizes, slidingWindows: [] })).toThrow("one window at least");
  expect(() => createCache(4).createTables({ cacheSalt: -1 })).toThrow("cache salt -1");
});
