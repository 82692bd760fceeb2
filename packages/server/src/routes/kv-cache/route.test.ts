import type { KvCacheEvent } from "@octavo/engine";
import { expect, test } from "vitest";
import { createTestApp, messages } from "../../testing/request.js";

test("events are off by default", async () => {
  const { app } = createTestApp();
  expect((await app.request("/kv_events")).status).toBe(404);
});

const EVENTS: KvCacheEvent[] = [
  { type: "AllBlocksCleared" },
  {
    type: "BlockStored",
    blockHashes: ["a", "b"],
    parentBlockHash: null,
    tokenIds: [1, 2, 3, 4],
    blockSize: 2,
    medium: "GPU",
    groupIdx: 1,
    kvCacheSpecKind: "sliding_window",
    kvCacheSpecSlidingWindow: 512,
    cacheSalt: "mine",
  },
  { type: "BlockRemoved", blockHashes: ["b"], medium: "CPU", groupIdx: 0 },
];

test("GET /kv_events streams batches until the reader leaves or the server closes", async () => {
  const closing = new AbortController();
  const { app, engine } = createTestApp({}, { kvEvents: true, closing: closing.signal });
  const responses = [await app.request("/kv_events"), await app.request("/kv_events")] as const;
  expect(responses[0].headers.get("content-type")).toBe("text/event-stream");
  for (const listener of engine.kvListeners) {
    listener(EVENTS);
    listener(EVENTS.slice(2));
  }
  const reader = responses[0].body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  expect(first).toMatch(/^id: 0\ndata: .*\n\n$/);
  const { ts, ...batch } = JSON.parse(first.split("data: ")[1]!);
  expect(Math.abs(ts - Date.now() / 1000)).toBeLessThan(60);
  expect(batch).toEqual({
    seq: 0,
    data_parallel_rank: 0,
    events: [
      { type: "AllBlocksCleared" },
      {
        type: "BlockStored",
        block_hashes: ["a", "b"],
        parent_block_hash: null,
        token_ids: [1, 2, 3, 4],
        block_size: 2,
        medium: "GPU",
        group_idx: 1,
        lora_id: null,
        kv_cache_spec_kind: "sliding_window",
        kv_cache_spec_sliding_window: 512,
        cache_salt: "mine",
      },
      { type: "BlockRemoved", block_hashes: ["b"], medium: "CPU", group_idx: 0 },
    ],
  });
  await reader.cancel();
  expect(engine.kvListeners.size).toBe(1);
  closing.abort();
  expect(engine.kvListeners.size).toBe(0);
  expect(await responses[1].text()).toMatch(/^id: 0\n.*\n\nid: 1\n.*\n\n$/);
  expect((await app.request("/kv_events")).status).toBe(200);
  expect(engine.kvListeners.size).toBe(0);
});

test("a reader that does not read is cut off", async () => {
  const { app, engine } = createTestApp({}, { kvEvents: true });
  const response = await app.request("/kv_events");
  const [listener] = engine.kvListeners;
  const large = [{ type: "BlockRemoved", blockHashes: ["x".repeat(2 ** 20)], medium: "GPU", groupIdx: 0 }] as const;
  for (let i = 0; i < 20; i++) listener!(large);
  expect(engine.kvListeners.size).toBe(0);
  expect((await response.text()).length).toBeLessThan(17 * 2 ** 20);
});

test("cache_salt goes to the engine; the choices of a prompt are forks of its first", async () => {
  const { post, engine } = createTestApp();
  await post("/v1/chat/completions", { messages, cache_salt: "mine", n: 3 });
  expect(engine.requests.map(({ params }) => params?.cacheSalt)).toEqual(["mine", "mine", "mine"]);
  expect(engine.requests.map(({ forkOf }) => forkOf !== undefined)).toEqual([false, true, true]);
  expect(engine.requests[1]!.forkOf).toBe(engine.requests[2]!.forkOf);
});
