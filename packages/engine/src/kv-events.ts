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
  /** The cache salt, where the first block begins a prompt of one; only requests of the same salt find such blocks. */
  readonly cacheSalt: string | null;
}

/** A block cannot be found there any more; it may be stored elsewhere. */
export interface BlockRemoved {
  readonly type: "BlockRemoved";
  readonly blockHashes: readonly string[];
  readonly medium: KvMedium;
}

/** No block can be found any more, anywhere. It also begins what a new listener is told. */
export interface AllBlocksCleared {
  readonly type: "AllBlocksCleared";
}

export type KvCacheEvent = BlockStored | BlockRemoved | AllBlocksCleared;

/**
 * Records of a `KvEventLog` as events; neighbours that belong together become one.
 * @param blockSize tokens a block
 * @param isOnHost whether the device's cache lies in host memory
 * @param nameOf the salt of that number; null where it is not known any more
 */
export function decodeKvEvents(
  words: Int32Array,
  blockSize: number,
  isOnHost: boolean,
  nameOf: (salt: number) => string | null,
): KvCacheEvent[] {
  const mediums = isOnHost ? HOST_MEDIUMS : GPU_MEDIUMS;
  const events: KvCacheEvent[] = [];
  for (let at = 0; at < words.length; ) {
    if (words[at] === KvEvent.cleared) {
      events.push({ type: "AllBlocksCleared" });
      at++;
    } else if (words[at] === KvEvent.removed) {
      pushRemoved(events, hashAt(words, at + 2), mediums[words[at + 1]!]!);
      at += REMOVED_WORDS;
    } else {
      const record = words.subarray(at, at + STORED_WORDS + blockSize);
      pushStored(events, record, mediums[record[1]!]!, blockSize, nameOf);
      at += STORED_WORDS + blockSize;
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

function pushRemoved(events: KvCacheEvent[], hash: string, medium: KvMedium): void {
  const last = events.at(-1);
  if (last?.type === "BlockRemoved" && last.medium === medium) (last as Growing<BlockRemoved>).blockHashes.push(hash);
  else events.push({ type: "BlockRemoved", blockHashes: [hash], medium });
}

function pushStored(
  events: KvCacheEvent[],
  record: Int32Array,
  medium: KvMedium,
  blockSize: number,
  nameOf: (salt: number) => string | null,
): void {
  const hash = hashAt(record, 2);
  const parentBlockHash = record[4] === 1 ? hashAt(record, 5) : null;
  const tokenIds = [...record.subarray(STORED_WORDS)];
  const last = events.at(-1);
  if (last?.type === "BlockStored" && last.medium === medium && last.blockHashes.at(-1) === parentBlockHash) {
    (last as Growing<BlockStored>).blockHashes.push(hash);
    (last as Growing<BlockStored>).tokenIds.push(...tokenIds);
    return;
  }
  const salt = CacheSalts.saltOf(record[8]! * 2 ** 32 + (record[7]! >>> 0));
  const cacheSalt = salt === 0 ? null : nameOf(salt);
  events.push({ type: "BlockStored", blockHashes: [hash], parentBlockHash, tokenIds, blockSize, medium, cacheSalt });
}

/** Of the low and the high word at `at`. */
function hashAt(words: Int32Array, at: number): string {
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
  return hex(words[at + 1]!) + hex(words[at]!);
}
