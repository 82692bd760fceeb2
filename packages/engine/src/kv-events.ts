// What the prefix cache holds, as routers want to know it: vLLM's KV events, in its words.
import { KvEvent, KvTier, REMOVED_WORDS, STORED_WORDS } from "@octavo/kv-cache";
import { CacheSalts } from "./core/cache-salts.js";

/**
 * Where blocks lie, in vLLM's words: a GPU, host memory, a file. Where the cache itself lies in host memory, "CPU_TIER1" is what
 * `kvOffloadingSize` keeps there beside it: a router must tell the two apart to know when a block is gone.
 */
export type KvMedium = "GPU" | "CPU" | "CPU_TIER1" | "DISK";

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
  /** The memory of a device that has its own. Absent: blocks lie in the host's. */
  readonly dedicated?: unknown;
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
  const mediums = blocks.dedicated ? GPU_MEDIUMS : HOST_MEDIUMS;
  const events: KvCacheEvent[] = [];
  for (let at = 0; at < words.length; ) {
    if (words[at] === KvEvent.cleared) {
      events.push({ type: "AllBlocksCleared" });
      at++;
    } else if (words[at] === KvEvent.removed) {
      const medium = mediums[words[at + 1]!]!;
      pushRemoved(events, hashAt(words, at + 3), medium, words[at + 2]!);
      at += REMOVED_WORDS;
    } else {
      const size = STORED_WORDS + blocks.blockSize;
      const record = words.subarray(at, at + size);
      pushStored(events, record, mediums[record[1]!]!, blocks, nameOf);
      at += size;
    }
  }
  return events;
}

/** By tier. */
const GPU_MEDIUMS: Readonly<Record<number, KvMedium>> = {
  [KvTier.device]: "GPU",
  [KvTier.host]: "CPU",
  [KvTier.file]: "DISK",
};
const HOST_MEDIUMS: typeof GPU_MEDIUMS = { ...GPU_MEDIUMS, [KvTier.device]: "CPU", [KvTier.host]: "CPU_TIER1" };

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
  medium: KvMedium,
  { blockSize, slidingWindows }: KvBlocks,
  nameOf: (salt: number) => string | null,
): void {
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

/** Of the low and the high word at `at`. */
function hashAt(words: Int32Array, at: number): string {
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
  return hex(words[at + 1]!) + hex(words[at]!);
}
