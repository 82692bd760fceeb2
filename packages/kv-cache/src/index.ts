/** A paged KV cache's bookkeeping: which block holds which tokens, for whom. Integers only. @module @octavo/kv-cache */
export * from "./block-copies.js";
export { type BlockNeeds, longestSequence, mostBlocks } from "./block-needs.js";
export type { TablesOf } from "./block-tables.js";
export { MAX_FILE_READS, MAX_FILE_WRITES } from "./file-tier.js";
export * from "./kv-cache-manager.js";
export { KvEvent, type KvEventLog, REMOVED_WORDS, STORED_WORDS } from "./kv-event-log.js";
export type { BlockTables, KvSequence } from "./kv-sequence.js";
export type { KvSequenceGroup } from "./kv-sequence-group.js";
