// What a router is, and what it sees: what a real one could, the requests that it sent and that have not ended.

/** Load of the replicas, by index. */
export interface Fleet {
  readonly size: number;
  /** Requests that replica `index` has not finished. */
  unfinished(index: number): number;
}

export interface Router {
  /** @returns the index of the replica that gets the request */
  route(promptTokens: Int32Array): number;
}

export interface RoutingOptions {
  /** Tokens a KV block. */
  readonly blockSize: number;
  /** Blocks of a replica's KV cache. */
  readonly numBlocks: number;
}
