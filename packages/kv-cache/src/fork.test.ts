// Copy on write: who holds what, and which copies are asked for.
import { expect, test } from "vitest";
import { COPY_WORDS } from "./block-copies.js";
import { KvCacheManager } from "./kv-cache-manager.js";
import type { KvSequence } from "./kv-sequence.js";

const tokens = Int32Array.from({ length: 40 }, (_, i) => i);

function parentOf(cache: KvCacheManager, length: number): KvSequence {
  const parent = cache.createSequence();
  parent.matchPrefix(tokens, length);
  expect(parent.grow(length)).toBe(true);
  parent.commit(tokens, length);
  return parent;
}

function blocksOf(sequence: KvSequence): number[] {
  return Array.from({ length: sequence.numBlocks }, (_, i) => sequence.block(i));
}

/** [from tier, from, to tier, to] of each command so far. */
function copiesOf({ copies }: KvCacheManager): number[][] {
  const list = Array.from({ length: copies.count }, (_, i) => [
    ...copies.words.subarray(COPY_WORDS * i, COPY_WORDS * (i + 1)),
  ]);
  copies.clear();
  return list;
}

test.each([true, false])("forks share every block, the partial one until somebody writes; prefix caching %s", (on) => {
  const cache = new KvCacheManager({ numBlocks: 20, blockSize: 4, enablePrefixCaching: on });
  const parent = parentOf(cache, 10);
  const forks = [cache.createSequence(), cache.createSequence()] as const;
  for (const fork of forks) fork.forkFrom(parent, 10);
  expect([blocksOf(forks[0]), blocksOf(forks[1])]).toEqual([blocksOf(parent), blocksOf(parent)]);
  expect([cache.usedBlocks, cache.copies.count]).toEqual([3, 0]);
  cache.checkInvariants([parent, ...forks]);

  const shared = parent.block(2);
  expect(forks[0].grow(11, 10)).toBe(true);
  const own = forks[0].block(2);
  expect(own).not.toBe(shared);
  expect([forks[0].firstChanged, forks[0].endChanged]).toEqual([2, 3]);
  expect(copiesOf(cache)).toEqual([[0, shared, 0, own]]);
  expect(parent.grow(11, 10)).toBe(true);
  expect(copiesOf(cache)).toEqual([[0, shared, 0, parent.block(2)]]);
  expect(forks[1].grow(11, 10), "the last holder writes in place").toBe(true);
  expect([copiesOf(cache), forks[1].block(2)]).toEqual([[], shared]);
  expect(forks[1].endChanged - forks[1].firstChanged).toBe(0);
  expect(forks[0].grow(13, 11)).toBe(true);
  expect([forks[0].firstChanged, forks[0].endChanged], "of both calls").toEqual([2, 4]);
  forks[0].forgetChanges();
  expect(forks[0].endChanged - forks[0].firstChanged).toBe(0);
  expect(cache.usedBlocks).toBe(6);
  for (const sequence of [parent, ...forks]) sequence.free();
  cache.checkInvariants([]);
});

test("a fork in the middle of a full block shares and copies that block", () => {
  const cache = new KvCacheManager({ numBlocks: 20, blockSize: 4, hashSeed: 1 });
  const parent = parentOf(cache, 12);
  const fork = cache.createSequence();
  fork.forkFrom(parent, 7);
  expect(blocksOf(fork)).toEqual(blocksOf(parent).slice(0, 2));
  const other = Int32Array.from(tokens, (token, i) => (i < 7 ? token : token + 100));
  expect(fork.grow(9, 7)).toBe(true);
  expect(copiesOf(cache)).toEqual([[0, parent.block(1), 0, fork.block(1)]]);
  fork.commit(other, 9);
  expect(cache.cachedBlocks, "three of the parent, and the fork's own second").toBe(4);
  cache.checkInvariants([parent, fork]);
  const finder = cache.createSequence();
  expect(finder.matchPrefix(other, 20)).toBe(8);
  expect(blocksOf(finder)).toEqual(blocksOf(fork).slice(0, 2));
});

test("the last holder of a full block may write into it: its content is forgotten, not wrong", () => {
  const cache = new KvCacheManager({ numBlocks: 20, blockSize: 4, hashSeed: 1 });
  const parent = parentOf(cache, 12);
  const fork = cache.createSequence();
  fork.forkFrom(parent, 7);
  parent.free();
  expect(cache.createSequence().matchPrefix(tokens, 9)).toBe(8);
  expect(fork.grow(8, 7)).toBe(true);
  expect(copiesOf(cache).length, "the finder above still holds it").toBe(1);
  const alone = new KvCacheManager({ numBlocks: 20, blockSize: 4, hashSeed: 1 });
  const first = parentOf(alone, 12);
  const second = alone.createSequence();
  second.forkFrom(first, 7);
  first.free();
  expect(second.grow(8, 7)).toBe(true);
  expect(copiesOf(alone)).toEqual([]);
  expect(alone.createSequence().matchPrefix(tokens, 20)).toBe(4);
});

test("nothing is copied at a block's end, and nothing taken where too few blocks are free", () => {
  const cache = new KvCacheManager({ numBlocks: 5, blockSize: 4 });
  const parent = parentOf(cache, 10);
  const fork = cache.createSequence();
  fork.forkFrom(parent, 8);
  expect(fork.grow(9, 8)).toBe(true);
  expect([copiesOf(cache), cache.freeBlocks]).toEqual([[], 0]);
  fork.free();
  fork.forkFrom(parent, 10);
  expect(fork.fits(tokens, 12, 0, 10)).toBe(true);
  expect(fork.fits(tokens, 13, 0, 10), "a copy and a block").toBe(false);
  expect(fork.grow(13, 10)).toBe(false);
  expect([copiesOf(cache), blocksOf(fork)]).toEqual([[], blocksOf(parent)]);
  expect(fork.grow(12, 10)).toBe(true);
  cache.checkInvariants([parent, fork]);
});

test("a shared block whose ancestor was forgotten meanwhile is registered again", () => {
  const cache = new KvCacheManager({ numBlocks: 9, blockSize: 4, hashSeed: 1 });
  const [first, second] = [cache.createSequence(), cache.createSequence()];
  for (const sequence of [first, second]) {
    sequence.matchPrefix(tokens, 12);
    sequence.grow(12);
  }
  first.commit(tokens, 4);
  second.commit(tokens, 12); // its first block is a twin of the first's, which is the one that is found
  first.free();
  const filler = cache.createSequence();
  filler.grow(20);
  const fork = cache.createSequence();
  fork.forkFrom(second, 12);
  fork.commit(tokens, 12);
  cache.checkInvariants([second, filler, fork]);
  expect(cache.createSequence().matchPrefix(tokens, 20)).toBe(12);
});

test.each([true, false])("nothing that was computed before a reset is shared after; prefix caching %s", (on) => {
  const cache = new KvCacheManager({ numBlocks: 9, blockSize: 4, enablePrefixCaching: on });
  const parent = parentOf(cache, 8);
  expect(cache.createSequence().canForkFrom(parent, 8)).toBe(true);
  cache.resetPrefixCache();
  expect(cache.createSequence().canForkFrom(parent, 8)).toBe(false);
  parent.free();
  parent.matchPrefix(tokens, 8);
  parent.grow(8);
  expect(cache.createSequence().canForkFrom(parent, 8)).toBe(true);
});

test("sequences of another salt or cache share nothing", () => {
  const cache = new KvCacheManager({ numBlocks: 9, blockSize: 4 });
  const [plain, same, salted] = [
    cache.createSequence(),
    cache.createSequence(),
    cache.createSequence({ cacheSalt: 1 }),
  ];
  const foreign = new KvCacheManager({ numBlocks: 9, blockSize: 4 }).createSequence();
  plain.grow(4);
  expect([same, salted, foreign].map((other) => other.canForkFrom(plain, 4))).toEqual([true, false, false]);
  expect(same.canForkFrom(plain, 5)).toBe(false);
});
