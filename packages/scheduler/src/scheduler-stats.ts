// The counters that metrics and the engine read. One live object, changed in place.

export interface SchedulerStats {
  /** Requests that hold a row. */
  readonly numRunning: number;
  readonly numWaiting: number;
  /** Times that a request lost its blocks to an older one. */
  readonly numPreemptions: number;
  /** Tokens looked up in the prefix cache by requests that were admitted for the first time. */
  readonly prefixCacheQueries: number;
  /** Of these, tokens that the device had, so that they need not be computed. */
  readonly prefixCacheHits: number;
  /** Tokens that the device did not have, looked up in the other tiers of the KV cache; and those that were loaded from there. */
  readonly externalPrefixCacheQueries: number;
  readonly externalPrefixCacheHits: number;
  readonly kvBlocksUsed: number;
  readonly kvBlocksTotal: number;
  /** Prompt tokens, computed or cached, of requests that sampled their first token. */
  readonly promptTokens: number;
  /** Sampled tokens that were handed out. */
  readonly generationTokens: number;
  /** Tokens of the plan that was scheduled last, padding not counted. */
  readonly stepTokens: number;
}

export type MutableStats = { -readonly [Field in keyof SchedulerStats]: number };

export function createStats(kvBlocksTotal: number): MutableStats {
  return {
    numRunning: 0,
    numWaiting: 0,
    numPreemptions: 0,
    prefixCacheQueries: 0,
    prefixCacheHits: 0,
    externalPrefixCacheQueries: 0,
    externalPrefixCacheHits: 0,
    kvBlocksUsed: 0,
    kvBlocksTotal,
    promptTokens: 0,
    generationTokens: 0,
    stepTokens: 0,
  };
}
