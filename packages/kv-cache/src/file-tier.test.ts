// The file's tier with memory to copy, where every write and read takes a while and may fail.
import { expect, test } from "vitest";
import { COPY_WORDS, KvTier } from "./block-copies.js";
import { KvCacheManager, type KvCacheOptions } from "./kv-cache-manager.js";
import type { BlockTables } from "./kv-sequence.js";

const BLOCK = 4;

/** A cache whose blocks hold the prefix that they stand for, as text. */
class Memory {
  readonly cache: KvCacheManager;
  readonly bytes: (string | undefined)[][] = [[], [], []];
  readonly pending: { write: boolean; host: number; file: number }[] = [];

  constructor(options: Partial<KvCacheOptions>) {
    this.cache = new KvCacheManager({ numBlocks: 6, blockSize: BLOCK, numHostBlocks: 4, hashSeed: 1, ...options });
  }

  /** @returns tokens found, and the sequence */
  run(tokens: Int32Array): [number, BlockTables] {
    const sequence = this.cache.createTables();
    const found = sequence.matchPrefix(tokens, tokens.length);
    expect(sequence.grow(tokens.length, found)).toBe(true);
    this.copy();
    for (const [group, table] of sequence.tables.entries()) {
      for (let i = table.firstHeld; i < Math.floor(tokens.length / BLOCK); i++) {
        const content = `${group}: ${tokens.subarray(0, (i + 1) * BLOCK).join()}`;
        if (i < found / BLOCK) expect(this.bytes[0]![table.block(i)]).toBe(content);
        else this.bytes[0]![table.block(i)] = content;
      }
    }
    sequence.commit(tokens, tokens.length);
    this.cache.checkInvariants([sequence]);
    return [found, sequence];
  }

  /** Waits for what the prompt would find, then runs it and frees it. @returns tokens found, and those from another tier */
  runWhole(tokens: Int32Array, ok = true): [number, number] {
    const sequence = this.cache.createTables();
    for (let i = 0; sequence.isLoading(tokens, tokens.length); i++) {
      expect(i).toBeLessThan(100);
      this.copy();
      while (this.pending.length > 0) this.settle(0, ok);
    }
    const [found, mine] = this.run(tokens);
    mine.free();
    return [found, mine.externalTokens];
  }

  copy(): void {
    const { copies } = this.cache;
    for (let i = 0; i < copies.count; i++) {
      const [fromTier, from, toTier, to] = copies.words.subarray(COPY_WORDS * i) as unknown as number[];
      if (toTier === KvTier.file) this.pending.push({ write: true, host: from!, file: to! });
      else if (fromTier === KvTier.file) this.pending.push({ write: false, host: to!, file: from! });
      else this.bytes[toTier!]![to!] = this.bytes[fromTier!]![from!];
    }
    copies.clear();
  }

  /** Until nothing is in flight. */
  drain(): void {
    for (this.copy(); this.pending.length > 0; this.copy()) this.settle(0);
  }

  /** Copies only now: both sides must have stayed as they were. */
  settle(index: number, ok = true): void {
    const [{ write, host, file }] = this.pending.splice(index, 1) as [(typeof this.pending)[number]];
    if (ok && write) this.bytes[2]![file] = this.bytes[1]![host];
    else if (ok) this.bytes[1]![host] = this.bytes[2]![file];
    else this.bytes[write ? 2 : 1]![write ? file : host] = "damaged";
    this.cache.settleFileBlock(file, ok);
  }
}

function prompt(kind: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => 1000 * kind + i);
}

/** Fills device, host and file, one after the other. */
function filled(): Memory {
  const memory = new Memory({ numFileBlocks: 20 });
  for (const kind of [1, 2, 3, 4]) {
    expect(memory.runWhole(prompt(kind, 17))).toEqual([0, 0]);
    memory.drain();
  }
  return memory;
}

test("what the host gives up is found in the file", () => {
  const memory = filled();
  expect(memory.cache.cachedBlocks).toBeGreaterThan(12);
  expect(memory.cache.numFileBlocksInFlight).toBe(0);
  // Half of the host's blocks may be filled for one request.
  expect(memory.runWhole(prompt(1, 17))).toEqual([8, 8]);
});

test("a read that fails is a miss", () => {
  const memory = filled();
  expect(memory.runWhole(prompt(1, 17), false)).toEqual([0, 0]);
  memory.drain();
  memory.cache.checkInvariants([]);
});

test("a reset while blocks are in flight forgets them", () => {
  const memory = filled();
  const sequence = memory.cache.createSequence();
  expect(sequence.isLoading(prompt(1, 17), 17)).toBe(true);
  memory.copy();
  memory.cache.resetPrefixCache();
  expect(sequence.isLoading(prompt(1, 17), 17)).toBe(false);
  memory.drain();
  memory.cache.checkInvariants([]);
  expect(memory.cache.cachedBlocks).toBe(0);
});

test.each([[[Number.POSITIVE_INFINITY]], [[6]], [[6, Number.POSITIVE_INFINITY]]])(
  "random use of tiny tiers, windows %j: contents are right, whatever is slow or fails",
  (slidingWindows) => {
    const groups = slidingWindows.length;
    let loaded = 0;
    for (let seed = 1; seed <= 60; seed++) {
      let state = seed;
      const random = (n: number) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * n);
      };
      const memory = new Memory({
        slidingWindows,
        numBlocks: 1 + groups * (7 + random(6)),
        numHostBlocks: 1 + random(12 * groups),
        numFileBlocks: 1 + random(20 * groups),
      });
      const live: BlockTables[] = [];
      for (let i = 0; i < 150; i++) {
        const tokens = prompt(random(5), 1 + random(26));
        if (random(3) > 0) memory.cache.createTables().isLoading(tokens, tokens.length);
        memory.copy();
        while (memory.pending.length > 0 && random(4) > 0) memory.settle(random(memory.pending.length), random(6) > 0);
        const [, sequence] = memory.run(tokens);
        loaded += sequence.externalTokens;
        if (random(40) === 0) memory.cache.resetPrefixCache();
        sequence.free();
        memory.cache.checkInvariants(live);
      }
      memory.drain();
      memory.cache.checkInvariants([]);
      expect(memory.cache.freeBlocks).toBe(memory.cache.totalBlocks);
    }
    expect(loaded).toBeGreaterThan(1000);
  },
);

test("a file needs a host tier", () => {
  expect(() => new Memory({ numHostBlocks: 0, numFileBlocks: 3 })).toThrow("a host tier");
});
