import { expect, test } from "vitest";
import { KvCacheManager } from "./kv-cache-manager.js";
import { KvEvent, type KvEventLog, REMOVED_WORDS, STORED_WORDS } from "./kv-event-log.js";

const BLOCK = 2;

/** Records as text: "stored TIER HASH after PARENT salt SALT: tokens", the tier with the group where it is not the first. */
function read(log: KvEventLog, names: Map<string, string>): string[] {
  const words = log.take();
  const lines: string[] = [];
  const name = (at: number) => {
    const key = `${words[at]} ${words[at + 1]}`;
    if (!names.has(key)) names.set(key, "abcdefgh"[names.size]!);
    return names.get(key);
  };
  const place = (at: number) => (words[at + 2] === 0 ? `${words[at + 1]}` : `${words[at + 1]}/${words[at + 2]}`);
  for (let i = 0; i < words.length; ) {
    if (words[i] === KvEvent.cleared) {
      lines.push("cleared");
      i++;
    } else if (words[i] === KvEvent.removed) {
      lines.push(`removed ${place(i)} ${name(i + 3)}`);
      i += REMOVED_WORDS;
    } else {
      const parent = words[i + 5] ? ` after ${name(i + 6)}` : "";
      const salt =
        words[i + 8]! >>> 0 || words[i + 9] ? ` salt ${words[i + 9]! * 2 ** 32 + (words[i + 8]! >>> 0)}` : "";
      const own = name(i + 3);
      lines.push(
        `stored ${place(i)} ${own}${parent}${salt}: ${words.subarray(i + STORED_WORDS, i + STORED_WORDS + BLOCK)}`,
      );
      i += STORED_WORDS + BLOCK;
    }
  }
  return lines;
}

function compute(cache: KvCacheManager, tokens: Int32Array, cacheSalt = 0): void {
  const sequence = cache.createTables({ cacheSalt });
  sequence.grow(tokens.length, sequence.matchPrefix(tokens, tokens.length));
  sequence.commit(tokens, tokens.length);
  sequence.free();
}

test("events tell what is there, then every change, tiers and salts included", () => {
  const names = new Map<string, string>();
  const cache = new KvCacheManager({ numBlocks: 4, blockSize: BLOCK, numHostBlocks: 1, hashSeed: 1 });
  compute(cache, Int32Array.of(1, 2, 3, 4, 5));
  const log = cache.recordEvents()!;
  expect(read(log, names)).toEqual(["cleared", "stored 0 a: 1,2", "stored 0 b after a: 3,4"]);
  expect(log.empty).toBe(true);
  compute(cache, Int32Array.of(7, 8, 9, 1), 2 ** 40 + 3);
  expect(read(log, names)).toEqual([
    "removed 0 b", // handed out: its content goes to the host
    "stored 1 b after a: 3,4",
    "stored 0 c salt 1099511627779: 7,8",
    "stored 0 d after c: 9,1",
  ]);
  compute(cache, Int32Array.of(1, 2, 3, 4, 5));
  expect(read(log, names)).toEqual([
    "removed 0 d", // the only block of the host is the one that is loaded
    "removed 1 b",
    "stored 0 b after a: 3,4",
    "removed 0 c",
    "stored 1 c salt 1099511627779: 7,8",
  ]);
  cache.resetPrefixCache();
  expect(read(log, names)).toEqual(["cleared"]);
  cache.stopEvents();
  compute(cache, Int32Array.of(1, 2, 3, 4, 5));
  expect(log.empty).toBe(true);
});

test("groups have the same hashes, and their own events", () => {
  const names = new Map<string, string>();
  const windows = [Number.POSITIVE_INFINITY, 2];
  const cache = new KvCacheManager({ numBlocks: 6, blockSize: BLOCK, slidingWindows: windows, hashSeed: 1 });
  const log = cache.recordEvents()!;
  compute(cache, Int32Array.of(1, 2, 3, 4), 7);
  expect(read(log, names)).toEqual([
    "cleared",
    "stored 0 a salt 7: 1,2",
    "stored 0 b after a: 3,4",
    "stored 0/1 a salt 7: 1,2",
    "stored 0/1 b after a: 3,4",
  ]);
  compute(cache, Int32Array.of(5));
  expect(read(log, names)).toEqual(["removed 0 b"]);
});

test("no events without prefix caching", () => {
  const cache = new KvCacheManager({ numBlocks: 4, blockSize: BLOCK, enablePrefixCaching: false });
  expect(cache.recordEvents()).toBeUndefined();
});
