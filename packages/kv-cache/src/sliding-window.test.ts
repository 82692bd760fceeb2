// Sequences that see a window of tokens only: what no later token sees is given back.
import { expect, test } from "vitest";
import { KvCacheManager, type KvCacheOptions } from "./kv-cache-manager.js";

const tokens = Int32Array.from({ length: 200 }, (_, i) => i);

function createCache(options: Partial<KvCacheOptions> = {}): KvCacheManager {
  return new KvCacheManager({ numBlocks: 12, blockSize: 4, slidingWindows: [6], hashSeed: 1, ...options });
}

test.each([true, false])("a sequence of any length needs the blocks of its window; prefix caching %s", (on) => {
  const cache = createCache({ enablePrefixCaching: on });
  const sequence = cache.createSequence();
  sequence.matchPrefix(tokens, 1);
  let most = 0;
  for (let length = 1; length <= tokens.length; length++) {
    expect(sequence.grow(length, length - 1)).toBe(true);
    sequence.commit(tokens, length);
    // Every position that the token at length - 1 sees has its block.
    for (let p = Math.max(0, length - 6); p < length; p++) expect(sequence.block(Math.floor(p / 4))).not.toBe(0);
    most = Math.max(most, cache.usedBlocks);
    sequence.slide(length);
    // The next token sees one less of them.
    for (let p = Math.max(0, length - 5); p < length; p++) expect(sequence.block(Math.floor(p / 4))).not.toBe(0);
    cache.checkInvariants([sequence]);
  }
  expect(most).toBe(3);
  expect([sequence.numBlocks, sequence.block(0)]).toEqual([50, 0]);
  sequence.free();
  cache.checkInvariants([]);
});

test("what was given back is found by others, who hold only what they see", () => {
  const cache = createCache();
  const first = cache.createSequence();
  first.matchPrefix(tokens, 20);
  first.grow(20);
  first.commit(tokens, 20);
  first.slide(20);
  const second = cache.createSequence();
  expect(second.matchPrefix(tokens, 24)).toBe(20);
  expect([0, 1, 2, 3, 4].map((i) => second.block(i))).toEqual([0, 0, 0, first.block(3), first.block(4)]);
  cache.checkInvariants([first, second]);
});

test("a fork shares the window", () => {
  const cache = createCache();
  const parent = cache.createSequence();
  parent.matchPrefix(tokens, 18);
  parent.grow(18);
  parent.commit(tokens, 18);
  parent.slide(18);
  const fork = cache.createSequence();
  expect([15, 16, 17, 18].map((length) => fork.canForkFrom(parent, length))).toEqual([false, false, true, true]);
  fork.forkFrom(parent, 18);
  expect(fork.grow(19, 18)).toBe(true);
  expect(cache.copies.count).toBe(1);
  fork.commit(tokens, 19);
  fork.slide(19);
  cache.checkInvariants([parent, fork]);
  parent.free();
  fork.free();
  expect(cache.usedBlocks).toBe(0);
});

test("a window of less than a token is refused", () => {
  expect(() => createCache({ slidingWindows: [0] })).toThrow("a sliding window of 0 tokens");
});
