// What the KV cache's tiers, forks, salts and events do in a whole engine, on the CPU: tokens stay the same bit for bit.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KvCacheEvent, LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { kvBytesPerBlock, readModelConfig } from "@octavo/models";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";

const BLOCK_SIZE = 16;
const MAX_MODEL_LEN = 256;
const blockBytes = kvBytesPerBlock(readModelConfig(modelPath), "bfloat16", BLOCK_SIZE);
const common = {
  device: "cpu",
  dtype: "bfloat16",
  numThreads: 1,
  maxModelLen: MAX_MODEL_LEN,
  blockSize: BLOCK_SIZE,
} as const;

const prompt = (kind: number, length: number) => Array.from({ length }, (_, i) => (kind * 977 + i * 31) % 4000);

let llm: LLM;
afterEach(() => llm.dispose());

describe.each([true, false])("n choices, prefix caching %s", (enablePrefixCaching) => {
  test.each([1, 20])(
    "compute the prompt once and have the tokens of single requests, %i tokens each",
    async (maxTokens) => {
      llm = await LLM.load(modelPath, { ...common, enablePrefixCaching });
      const params = { maxTokens, seed: 7, temperature: 1, ignoreEos: true };
      const tokens = prompt(1, 200);
      const before = llm.stats.stepTokens.sum;
      const { outputs } = await llm.generate(tokens, { ...params, n: 6 });
      const computed = llm.stats.stepTokens.sum - before;
      // The prompt, its last token again for five choices, and what each generates but the last token.
      expect(computed).toBe(200 + 5 + 6 * (maxTokens - 1));
      if (maxTokens > 1) expect(new Set(outputs.map(({ tokenIds }) => tokenIds.join())).size).toBeGreaterThan(1);
      await llm.resetPrefixCache();
      for (const choice of [0, 3, 5]) {
        const tokenIds: number[] = [];
        for await (const chunk of llm.submit({ prompt: tokens, params, choice })) tokenIds.push(...chunk.tokenIds);
        expect(outputs[choice]!.tokenIds).toEqual(tokenIds);
      }
    },
  );
});

test("what the device gave up comes back from host memory, bit for bit", async () => {
  llm = await LLM.load(modelPath, {
    ...common,
    kvCacheMemoryBytes: 18 * blockBytes,
    kvOffloadingSize: (60 * blockBytes) / 2 ** 30,
  });
  expect(llm.info.kvOffloadingBytes).toBe(60 * blockBytes);
  const params = { maxTokens: 12, temperature: 0.8, seed: 1, ignoreEos: true };
  const once = async () => {
    const outputs = [];
    for (const kind of [1, 2, 3]) outputs.push(await llm.generate(prompt(kind, 200), params));
    return outputs;
  };
  const cold = await once();
  expect(llm.stats.externalPrefixCacheHits).toBe(0);
  const warm = await once();
  expect(warm.map(({ tokenIds }) => tokenIds)).toEqual(cold.map(({ tokenIds }) => tokenIds));
  expect(warm.map(({ numCachedTokens }) => numCachedTokens)).toEqual([192, 192, 192]);
  const { externalPrefixCacheHits, externalPrefixCacheQueries, kvOffloadBytes, kvLoadBytes } = llm.stats;
  expect(externalPrefixCacheHits).toBeGreaterThan(300);
  expect(externalPrefixCacheQueries).toBeGreaterThan(externalPrefixCacheHits);
  expect(kvLoadBytes).toBe((externalPrefixCacheHits / BLOCK_SIZE) * blockBytes);
  expect(kvOffloadBytes).toBeGreaterThan(kvLoadBytes);
});

test("requests of different salts share nothing; a reset forgets all", async () => {
  llm = await LLM.load(modelPath, common);
  const cached = async (cacheSalt?: string) =>
    (await llm.generate(prompt(1, 100), { maxTokens: 1, ...(cacheSalt !== undefined && { cacheSalt }) }))
      .numCachedTokens;
  const found = [];
  for (const salt of [undefined, undefined, "a", "b", "a", undefined]) found.push(await cached(salt));
  expect(found).toEqual([0, 96, 0, 0, 96, 96]);
  await llm.resetPrefixCache();
  expect([await cached(), await cached("a"), await cached("a")]).toEqual([0, 0, 96]);
  expect(() => llm.submit({ prompt: [1], params: { cacheSalt: "" } })).toThrow("cache_salt");
});

test("a reset in the middle of requests: they go on, with the same tokens", async () => {
  llm = await LLM.load(modelPath, common);
  const params = { maxTokens: 40, temperature: 1, seed: 3, ignoreEos: true };
  const expected = (await llm.generate(prompt(2, 50), params)).tokenIds;
  for (const resetRunningRequests of [false, true]) {
    const tokenIds: number[] = [];
    for await (const chunk of llm.generate(prompt(2, 50), params)) {
      tokenIds.push(...chunk.tokenIds);
      if (tokenIds.length === 10) await llm.resetPrefixCache({ resetRunningRequests });
    }
    expect(tokenIds).toEqual(expected);
  }
  expect(llm.stats.numPreemptions).toBe(1);
});

/** What a router knows: the hashes of the blocks that can be found. */
class Router {
  readonly blocks = new Map<string, string>();
  readonly tokens = new Map<string, readonly number[]>();

  apply(events: readonly KvCacheEvent[]): void {
    for (const event of events) {
      if (event.type === "AllBlocksCleared") this.blocks.clear();
      else if (event.type === "BlockRemoved") for (const hash of event.blockHashes) this.blocks.delete(hash);
      else {
        expect(event.tokenIds.length).toBe(event.blockSize * event.blockHashes.length);
        if (event.parentBlockHash !== null) expect(this.tokens.has(event.parentBlockHash)).toBe(true);
        for (const [i, hash] of event.blockHashes.entries()) {
          this.blocks.set(hash, event.medium);
          this.tokens.set(hash, event.tokenIds.slice(i * event.blockSize, (i + 1) * event.blockSize));
        }
      }
    }
  }
}

test.each([true, false])("listeners know what is cached, wherever it lies; thread: %s", async (thread) => {
  llm = await LLM.load(modelPath, {
    ...common,
    thread,
    kvCacheMemoryBytes: 18 * blockBytes,
    kvOffloadingSize: (9 * blockBytes) / 2 ** 30,
  });
  const params = { maxTokens: 1, cacheSalt: "mine" };
  await llm.generate(prompt(1, 100), params);
  const [first, second] = [new Router(), new Router()];
  const batches: (readonly KvCacheEvent[])[] = [];
  const end = llm.onKvEvents((events) => {
    batches.push(events);
    first.apply(events);
  });
  await expect.poll(() => first.blocks.size).toBe(6);
  expect(batches[0]).toEqual([
    { type: "AllBlocksCleared" },
    expect.objectContaining({
      type: "BlockStored",
      parentBlockHash: null,
      tokenIds: prompt(1, 96),
      blockSize: 16,
      medium: "CPU",
      cacheSalt: "mine",
    }),
  ]);
  for (const kind of [2, 3]) await llm.generate(prompt(kind, 200), { maxTokens: 1 });
  const endSecond = llm.onKvEvents((events) => second.apply(events));
  await expect.poll(() => second.blocks.size).toBe(16 + 9);
  expect(first.blocks).toEqual(second.blocks);
  expect([...first.blocks.values()].filter((medium) => medium === "CPU_TIER1").length).toBe(9);
  end();
  await llm.resetPrefixCache();
  await expect.poll(() => second.blocks.size).toBe(0);
  expect(first.blocks.size).toBe(25);
  endSecond();
});

test("options are checked", async () => {
  const load = (options: object) => LLM.load(modelPath, { ...common, ...options });
  await expect(load({ kvOffloadingSize: -1 })).rejects.toThrow("kv_offloading_size must be from 0");
  await expect(load({ kvOffloadingSize: 1e6 })).rejects.toThrow("GiB of this machine");
  await expect(load({ kvOffloadingSize: 1, enablePrefixCaching: false })).rejects.toThrow("needs prefix caching");
  llm = await load({});
});

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ""; // closed meanwhile
  }
}

describe.each([true, false])("a file behind host memory, thread: %s", (thread) => {
  const folder = mkdtempSync(join(tmpdir(), "octavo-kv-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const params = { maxTokens: 12, temperature: 0.8, seed: 1, ignoreEos: true };
  const once = async () => {
    const outputs = [];
    for (const kind of [1, 2, 3, 4, 5, 6]) outputs.push(await llm.generate(prompt(kind, 200), params));
    return outputs;
  };

  /** Loads an engine with tiny tiers, and waits until prompts lie in its file. */
  const fillFile = async (file: string) => {
    llm = await LLM.load(modelPath, {
      ...common,
      thread,
      kvCacheMemoryBytes: 18 * blockBytes,
      kvOffloadingSize: (24 * blockBytes) / 2 ** 30,
      kvOffloadingFile: file,
      kvOffloadingFileSize: (100 * blockBytes) / 2 ** 30,
    });
    const router = new Router();
    llm.onKvEvents((events) => router.apply(events));
    const cold = await once();
    await expect
      .poll(() => [...router.blocks.values()].filter((medium) => medium === "DISK").length)
      .toBeGreaterThan(5);
    return cold;
  };

  test("what both gave up comes back, bit for bit", async () => {
    const file = join(folder, "blocks");
    const cold = await fillFile(file);
    expect(existsSync(file), "nothing stays behind").toBe(false);
    const warm = await once();
    expect(warm.map(({ tokenIds }) => tokenIds)).toEqual(cold.map(({ tokenIds }) => tokenIds));
    expect(llm.stats.externalPrefixCacheHits).toBeGreaterThan(100);
  });

  test.skipIf(process.platform !== "linux").each([
    ["other bytes", (fd: number) => writeSync(fd, new Uint8Array(100 * blockBytes).fill(7), 0, 100 * blockBytes, 0)],
    ["an end too early", (fd: number) => ftruncateSync(fd, 0)],
  ])("%s in the file are a miss and a warning", async (name, damage) => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    const file = join(folder, `damaged ${name}`);
    const cold = await fillFile(file);
    // Its name is gone, but Linux shows what this process has open.
    const open = readdirSync("/proc/self/fd").map((fd) => `/proc/self/fd/${fd}`);
    const path = open.find((link) => targetOf(link).startsWith(file))!;
    const fd = openSync(path, "r+");
    damage(fd);
    closeSync(fd);
    const warm = await once();
    expect(warm.map(({ tokenIds }) => tokenIds)).toEqual(cold.map(({ tokenIds }) => tokenIds));
    const texts = warned.mock.calls
      .map(([text]) => String(text))
      .filter((text) => text.includes("KV cache's file failed"));
    expect(texts).toEqual([expect.stringMatching(/checksum differs|ends after/)]);
    warned.mockRestore();
  });

  test("a file that is there already, or cannot be made, is refused", async () => {
    const file = join(folder, "mine");
    writeFileSync(file, "precious");
    const load = (options: object) => LLM.load(modelPath, { ...common, thread, kvOffloadingSize: 0.01, ...options });
    await expect(load({ kvOffloadingFile: file })).rejects.toThrow("there is a file of that name");
    await expect(load({ kvOffloadingFile: join(folder, "no", "such") })).rejects.toThrow("cannot be made");
    await expect(load({ kvOffloadingFile: file, kvOffloadingSize: 0 })).rejects.toThrow("needs kv_offloading_size");
    await expect(load({ kvOffloadingFileSize: 1 })).rejects.toThrow("needs kv_offloading_file");
    llm = await load({});
  });
});
