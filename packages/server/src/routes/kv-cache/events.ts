// GET /kv_events: what the prefix cache holds and every change, as server-sent events for a router.
import type { BlockStored, KvCacheEvent } from "@octavo/engine";
import type { RouteHandler, ServerContext } from "../../context.js";
import { BodyStream } from "../../streaming/body-stream.js";

/** Text that may wait for a slow reader; who is further behind is cut off, and gets the whole state when it comes back. */
const MAX_BEHIND = 16 * 2 ** 20;
/** Proxies close what is silent for longer. */
const HEARTBEAT_MS = 15_000;

/** A batch of events as vLLM publishes them, with its number in this stream. */
export interface KvEventBatch {
  /** Unix seconds. */
  readonly ts: number;
  readonly seq: number;
  readonly events: readonly object[];
  readonly data_parallel_rank: 0;
}

/** @param closing aborted when the server shuts down */
export function kvEvents({ engine }: ServerContext, closing: AbortSignal | undefined): RouteHandler {
  return (c) => {
    let seq = 0;
    let behind = 0;
    let end = () => {};
    const close = () => {
      end();
      stream.close();
    };
    const stream = new BodyStream(() => end());
    const send = (text: string) => {
      behind += text.length;
      if (behind > MAX_BEHIND) return close();
      const drained = stream.write(text);
      if (!drained) behind = 0;
      else void drained.then(() => (behind = 0));
    };
    const unsubscribe = engine.onKvEvents((events) =>
      send(`id: ${seq}\ndata: ${JSON.stringify(batch(seq++, events))}\n\n`),
    );
    const heartbeat = setInterval(() => send(": \n\n"), HEARTBEAT_MS);
    heartbeat.unref();
    end = () => {
      clearInterval(heartbeat);
      unsubscribe();
      closing?.removeEventListener("abort", close);
    };
    if (closing?.aborted) close();
    else closing?.addEventListener("abort", close, { once: true });
    return c.body(stream.body, 200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  };
}

function batch(seq: number, events: readonly KvCacheEvent[]): KvEventBatch {
  return { ts: Date.now() / 1000, seq, events: events.map(toWire), data_parallel_rank: 0 };
}

function toWire(event: KvCacheEvent): object {
  if (event.type === "AllBlocksCleared") return { type: event.type };
  const { type, blockHashes, medium, groupIdx } = event;
  const blocks = { type, block_hashes: blockHashes, medium, group_idx: groupIdx };
  return event.type === "BlockRemoved" ? blocks : { ...blocks, ...contentOf(event) };
}

function contentOf(stored: BlockStored): object {
  const { parentBlockHash, tokenIds, blockSize, cacheSalt, kvCacheSpecKind, kvCacheSpecSlidingWindow } = stored;
  return {
    parent_block_hash: parentBlockHash,
    token_ids: tokenIds,
    block_size: blockSize,
    lora_id: null,
    kv_cache_spec_kind: kvCacheSpecKind,
    kv_cache_spec_sliding_window: kvCacheSpecSlidingWindow,
    cache_salt: cacheSalt,
  };
}
