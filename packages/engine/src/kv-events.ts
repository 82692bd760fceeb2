// What the prefix cache holds, as routers want to know it: vLLM's KV events, in its words.
import { KvEvent, KvTier, REMOVED_WORDS, STORED_WORDS } from "@octavo/kv-cache";
import { CacheSalts } from "./core/cache-salts.js";

/** Where blocks lie, in vLLM's words: the device's cache, host memory, a file. */
export type KvMedium = "GPU" | "CPU" | "DISK";

/** Blocks that follow each other can be found from now on. */
export interface BlockStored {
  readonly type: "BlockStored";
  /** One for each block: 16 hexadecimal digits that stand for its tokens and all before them. Another engine has others. */
  readonly blockHashes: readonly string[];
  /** Of the block before the first; null where the first begins a prompt. */
  readonly parentBlockHash: string | null;
  /** The tokens of all these blocks. */
  readonly tokenIds: readonly number[];
  /** Tokens a block. */
  readonly blockSize: number;
  readonly medium: KvMedium;
  /**
   * Which layers' keys and values these are. A prefix can be used where every group has its blocks; groups have the same hashes for
   * the same tokens. 0 where all layers share one group.
   */
  readonly groupIdx: number;
  /** What tokens of these layers see: all before them, or a window. */
  readonly kvCacheSpecKind: "full_attention" | "sliding_window";
  /** Tokens of that window; null without one. */
  readonly kvCacheSpecSlidingWindow: number | null;
  /** The cache salt, where the first block begins a prompt of one; only requests of the same salt find such blocks. */
  readonly cacheSalt: string | null;
}

/** A block cannot be found there any more; it may be stored elsewhere. */
export interface BlockRemoved {
  readonly type: "BlockRemoved";
  readonly blockHashes: readonly string[];
  readonly medium: KvMedium;
  /** Of the group in which it cannot be found. */
  readonly groupIdx: number;
}

/** No block can be found any more, anywhere. It also begins what a new listener is told. */
export interface AllBlocksCleared {
  readonly type: "AllBlocksCleared";
}

export type KvCacheEvent = BlockStored | BlockRemoved | AllBlocksCleared;

/** What an engine's blocks are. */
export interface KvBlocks {
  /** Tokens a block. */
  readonly blockSize: number;
  /** For each group of layers, the tokens that a token sees; null: all. */
  readonly slidingWindows: readonly (number | null)[];
}

/**
 * Records of a `KvEventLog` as events; neighbours that belong together become one.
 * @param nameOf the salt of that number; null where it is not known any more
 */
export function decodeKvEvents(
  words: Int32Array,
  blocks: KvBlocks,
  nameOf: (salt: number) => string | null,
): KvCacheEvent[] {
  const events: KvCacheEvent[] = [];
  for (let at = 0; at < words.length; ) {
    if (words[at] === KvEvent.cleared) {
      events.push({ type: "AllBlocksCleared" });
      at++;
    } else if (words[at] === KvEvent.removed) {
      pushRemoved(events, hashAt(words, at + 3), mediumOf(words[at + 1]!), words[at + 2]!);
      at += REMOVED_WORDS;
    } else {
      const size = STORED_WORDS + blocks.blockSize;
      pushStored(events, words.subarray(at, at + size), blocks, nameOf);
      at += size;
    }
  }
  return events;
}

type Growing<E> = { -readonly [Key in keyof E]: E[Key] extends readonly (infer Item)[] ? Item[] : E[Key] };

function pushRemoved(events: KvCacheEvent[], hash: string, medium: KvMedium, groupIdx: number): void {
  const last = events.at(-1);
  const isLike = last?.type === "BlockRemoved" && last.medium === medium && last.groupIdx === groupIdx;
  if (isLike) (last as Growing<BlockRemoved>).blockHashes.push(hash);
  else events.push({ type: "BlockRemoved", blockHashes: [hash], medium, groupIdx });
}

function pushStored(
  events: KvCacheEvent[],
  record: Int32Array,
  { blockSize, slidingWindows }: KvBlocks,
  nameOf: (salt: number) => string | null,
): void {
  const medium = mediumOf(record[1]!);
  const groupIdx = record[2]!;
  const hash = hashAt(record, 3);
  const parentBlockHash = record[5] === 1 ? hashAt(record, 6) : null;
  const tokenIds = [...record.subarray(STORED_WORDS)];
  const last = events.at(-1);
  const isLike = last?.type === "BlockStored" && last.medium === medium && last.groupIdx === groupIdx;
  if (isLike && last.blockHashes.at(-1) === parentBlockHash) {
    (last as Growing<BlockStored>).blockHashes.push(hash);
    (last as Growing<BlockStored>).tokenIds.push(...tokenIds);
    return;
  }
  const salt = CacheSalts.saltOf(record[9]! * 2 ** 32 + (record[8]! >>> 0));
  const cacheSalt = salt === 0 ? null : nameOf(salt);
  const window = slidingWindows[groupIdx]!;
  events.push({
    ...{ type: "BlockStored", blockHashes: [hash], parentBlockHash, tokenIds, blockSize, medium, groupIdx, cacheSalt },
    kvCacheSpecKind: window === null ? "full_attention" : "sliding_window",
    kvCacheSpecSlidingWindow: window,
  });
}

function mediumOf(tier: number): KvMedium {
  return tier === KvTier.device ? "GPU" : tier === KvTier.host ? "CPU" : "DISK";
}

/** Of the low and the high word at `at`. */
function hashAt(words: Int32Array, at: number): string {
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
  return hex(words[at + 1]!) + hex(words[at]!);
}
