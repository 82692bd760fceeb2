import { expect, test } from "vitest";
import { type BlockContents, BlockPool } from "./block-pool.js";
import { PrefixCache } from "./prefix-cache.js";

/** What the pool asks of a cache without other tiers. */
function contents(cache: PrefixCache): BlockContents {
  return { has: (block) => cache.has(block), evict: (block) => cache.remove(block) };
}

function take(pool: BlockPool, count: number): number[] {
  return Array.from({ length: count }, () => pool.take());
}

const hashed = (hash: number) => ({ low: () => hash, high: () => hash });

test("hands out every block but the null block once, then none", () => {
  const pool = new BlockPool(5);
  expect(take(pool, 4)).toEqual([1, 2, 3, 4]);
  expect(pool.free).toBe(0);
  expect(() => pool.take()).toThrow("all 4 blocks are in use");
});

test("a block is free after its last reference", () => {
  const pool = new BlockPool(3);
  const block = pool.take();
  pool.retain(block);
  pool.release(block);
  expect(pool.free).toBe(1);
  pool.release(block);
  expect(pool.free).toBe(2);
  expect(() => pool.release(block)).toThrow(`block ${block} was released 1 times too often`);
});

test("cached blocks are handed out last, least recently freed first", () => {
  const cache = new PrefixCache(6, 1);
  const pool = new BlockPool(6, contents(cache));
  const [a, b, c] = take(pool, 3) as [number, number, number];
  cache.insert(a, 0, hashed(1), 0, 0, Int32Array.of(7));
  cache.insert(c, 0, hashed(2), 0, 0, Int32Array.of(8));
  for (const block of [c, a, b]) pool.release(block);
  expect(take(pool, 3)).toEqual([b, 4, 5]);
  expect(pool.evictions).toBe(0);
  expect(take(pool, 2)).toEqual([c, a]);
  expect(pool.evictions).toBe(2);
  expect(cache.size).toBe(0);
});

test("a cached free block that is retained leaves the free list", () => {
  const cache = new PrefixCache(3, 1);
  const pool = new BlockPool(3, contents(cache));
  const block = pool.take();
  cache.insert(block, 0, hashed(1), 0, 0, Int32Array.of(7));
  pool.release(block);
  pool.retain(block);
  expect(pool.free).toBe(1);
  expect(pool.take()).not.toBe(block);
  pool.checkInvariants(Int32Array.of(0, 1, 1));
});

test("checkInvariants finds a leaked block", () => {
  const pool = new BlockPool(3);
  pool.take();
  expect(() => pool.checkInvariants(Int32Array.of(0, 0, 0))).toThrow("block 1 has 1 references, sequences hold 0");
});
