/** A paged KV cache's bookkeeping: which block holds which tokens, for whom. Integers only. @module @octavo/kv-cache */
export * from "./kv-cache-manager.js";
export type { KvSequence } from "./kv-sequence.js";
