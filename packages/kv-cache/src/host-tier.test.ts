// The host tier with memory to copy: content must be where the bookkeeping says, whatever is pushed out.
import { expect, test } from "vitest";
import { COPY_WORDS } from "./block-copies.js";
import { KvCacheManager } from "./kv-cache-manager.js";
import type { BlockTables } from "./kv-sequence.js";

const BLOCK = 4;

/** A cache whose blocks hold the prefix that they stand for, as text. */
class Memory {
  readonly cache: KvCacheManager;
  readonly #bytes: (string | undefined)[][] = [[], []];

  constructor(numBlocks: number, numHostBlocks: number, slidingWindows = [Number.POSITIVE_INFINITY]) {
    this.cache = new KvCacheManager({ numBlocks, blockSize: BLOCK, numHostBlocks, hashSeed: 1, slidingWindows });
  }

  /** Finds, checks and computes a sequence of the given tokens. @returns tokens found, and the sequence */
  run(tokens: Int32Array): [number, BlockTables] {
    const sequence = this.cache.createTables();
    expect(sequence.fits(tokens, tokens.length)).toBe(true);
    const found = sequence.matchPrefix(tokens, tokens.length);
    expect(sequence.grow(tokens.length, found)).toBe(true);
    this.#copy();
    for (const [group, table] of sequence.tables.entries()) {
      for (let i = table.firstHeld; i < Math.floor(tokens.length / BLOCK); i++) {
        const content = `${group}: ${tokens.subarray(0, (i + 1) * BLOCK).join()}`;
        if (i < found / BLOCK) expect(this.#bytes[0]![table.block(i)]).toBe(content);
        else this.#bytes[0]![table.block(i)] = content;
      }
    }
    sequence.commit(tokens, tokens.length);
    this.cache.checkInvariants([sequence]);
    return [found, sequence];
  }

  #copy(): void {
    const { copies } = this.cache;
    for (let i = 0; i < copies.count; i++) {
      const [fromTier, from, toTier, to] = copies.words.subarray(COPY_WORDS * i) as unknown as number[];
      this.#bytes[toTier!]![to!] = this.#bytes[fromTier!]![from!];
    }
    copies.clear();
  }
}

function prompt(kind: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => 1000 * kind + i);
}

test("what the device gives up is found on the host and comes back", () => {
  const memory = new Memory(6, 20);
  const { cache } = memory;
  memory.run(prompt(1, 17))[1].free();
  memory.run(prompt(2, 17))[1].free(); // pushes out the first
  expect([cache.offloadedBlocks, cache.cachedBlocks]).toEqual([4, 8]);
  const [found, sequence] = memory.run(prompt(1, 17));
  expect([found, sequence.externalTokens, cache.loadedBlocks]).toEqual([16, 16, 4]);
  expect([cache.prefixCacheHits, cache.externalPrefixCacheQueries, cache.externalPrefixCacheHits]).toEqual([0, 51, 16]);
  sequence.free();
  expect(cache.cachedBlocks, "nothing is lost, nothing is there twice").toBe(8);
});

test("a host tier that is full forgets what was used longest ago", () => {
  const memory = new Memory(4, 4);
  for (const kind of [1, 2, 3, 4]) memory.run(prompt(kind, 9))[1].free();
  expect(memory.cache.cachedBlocks, "two on the device, four on the host").toBe(6);
  const found = [1, 3].map((kind) => {
    const [tokens, sequence] = memory.run(prompt(kind, 9));
    sequence.free();
    return [tokens, sequence.externalTokens];
  });
  expect(found).toEqual([
    [0, 0],
    [8, 8],
  ]);
});

test("making room for a prefix does not push out the rest of it", () => {
  const memory = new Memory(8, 1);
  const { cache } = memory;
  memory.run(prompt(1, 25))[1].free();
  memory.run(prompt(2, 5))[1].free(); // pushes the last block out, to the only host block
  const [found, sequence] = memory.run(prompt(1, 25));
  expect([found, sequence.externalTokens]).toEqual([24, 4]);
  cache.checkInvariants([sequence]);
});

test("content that is computed again takes the place of the host's", () => {
  const memory = new Memory(6, 20);
  memory.run(prompt(1, 17))[1].free();
  memory.run(prompt(2, 17))[1].free();
  const { cache } = memory;
  const again = cache.createSequence({ reuseCached: false });
  again.matchPrefix(prompt(1, 17), 17);
  again.grow(17);
  again.commit(prompt(1, 17), 17);
  expect(cache.cachedBlocks).toBe(8);
  const finder = cache.createSequence();
  expect(finder.matchPrefix(prompt(1, 17), 17)).toBe(16);
  expect(finder.externalTokens).toBe(0);
  cache.checkInvariants([again, finder]);
});

test("reset forgets the host's content, too", () => {
  const memory = new Memory(6, 20);
  memory.run(prompt(1, 17))[1].free();
  memory.run(prompt(2, 17))[1].free();
  memory.cache.resetPrefixCache();
  for (const kind of [1, 2]) {
    const [found, sequence] = memory.run(prompt(kind, 17));
    expect(found).toBe(0);
    sequence.free();
  }
});

test.each([[[Number.POSITIVE_INFINITY]], [[6]], [[6, Number.POSITIVE_INFINITY]], [[5, 9, Number.POSITIVE_INFINITY]]])(
  "random use of tiny tiers, windows %j: contents are right, and nothing is lost",
  (windows) => {
    for (let seed = 1; seed <= 40; seed++) {
      let state = seed;
      const random = (n: number) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * n);
      };
      const groups = windows.length;
      const memory = new Memory(1 + groups * (7 + random(6)), 1 + random(12 * groups), windows);
      let external = 0;
      for (let i = 0; i < 60; i++) {
        const [, sequence] = memory.run(prompt(random(4), 1 + random(26)));
        external += sequence.externalTokens;
        if (random(30) === 0) memory.cache.resetPrefixCache();
        sequence.slide(random(40));
        memory.cache.checkInvariants([sequence]);
        sequence.free();
        memory.cache.checkInvariants([]);
      }
      expect(external, `seed ${seed}`).toBeGreaterThan(0);
      expect(memory.cache.freeBlocks).toBe(memory.cache.totalBlocks);
    }
  },
);

test("a host tier needs prefix caching", () => {
  const options = { numBlocks: 4, blockSize: 4, enablePrefixCaching: false, numHostBlocks: 4 };
  expect(() => new KvCacheManager(options)).toThrow("is needed");
});
