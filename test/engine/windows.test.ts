// Models whose layers see windows: blocks outside of them come free while a request runs, and nobody can tell from the tokens. What
// everything is compared with is the same model in an engine that keeps every block.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineOptions, type KvCacheEvent, LLM } from "@octavo/engine";
import { createStatsBuffer, encodeAdd, loadCore, readStats, resolveSamplingParams } from "@octavo/engine/core";
import { createBackend } from "@octavo/kernels-cpu";
import { mostBlocks } from "@octavo/kv-cache";
import { kvBytesPerBlock, readModelConfig } from "@octavo/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lazyBackend } from "./lazy-backend.js";
import { type Arrival, runWorkload, SAMPLING_KINDS, type TestRequest, type WorkloadResult } from "./workload.js";

const MAX_MODEL_LEN = 192;
const BLOCK_SIZE = 4;
const MAX_BLOCKS = MAX_MODEL_LEN / BLOCK_SIZE;
const ALL = null;

/** With the windows of their groups of layers. */
const models: readonly [name: string, windows: readonly (number | null)[], layersPerGroup: number][] = [
  ["mistral-window", [20], 2],
  ["phi3", [47], 2],
  ["ministral", [20, 20, ALL], 1],
  ["qwen2-window", [ALL, 20, 20], 1],
  ["gemma2", [20, 20, ALL], 1],
  ["gemma3", [20, 20, 20, ALL], 1],
  ["gpt-oss", [20, ALL], 1],
  // Three layers of a window and two that see all: the window's second group has one layer only.
  ["gemma3 of 5 layers", [20, 20, ALL], 2],
  // Three of five layers read the keys and values of the two before them.
  ["gemma4 of 256 tokens", [20, ALL], 1],
];

const fixtures = new URL("../fixtures/models", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "octavo-windows-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Configs alone, for random weights: a fixture's with other fields. */
const changed: ReadonlyMap<string, string> = new Map([
  [
    "gemma3 of 5 layers",
    changedFolder("gemma3", {
      num_hidden_layers: 5,
      layer_types: Array.from({ length: 5 }, (_, layer) => (layer % 2 ? "full_attention" : "sliding_attention")),
    }),
  ],
  ["gemma4 of 256 tokens", changedFolder("gemma4-per-layer", { vocab_size: 256, vocab_size_per_layer_input: 256 })],
]);

function changedFolder(name: string, fields: object): string {
  const folder = mkdtempSync(join(scratch, "model-"));
  const config = JSON.parse(readFileSync(join(fixtures, name, "config.json"), "utf8"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, ...fields }));
  return folder;
}

/** Mixed lengths, most of them beyond the windows, shared beginnings, every kind of sampling. */
const requests: readonly TestRequest[] = makeRequests();

function makeRequests(): TestRequest[] {
  let state = 4711;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const shared = Array.from({ length: 110 }, () => random(256));
  return Array.from({ length: 11 }, (_, i) => {
    const prefix = shared.slice(0, i % 3 === 0 ? random(20) : 40 + random(70));
    const tail = Array.from({ length: 1 + random(30) }, () => random(256));
    return {
      prompt: [...prefix, ...tail],
      params: { ...SAMPLING_KINDS[i % SAMPLING_KINDS.length]!, maxTokens: 8 + random(30), ignoreEos: true },
    };
  });
}

describe.each(models)("%s, groups %j", (name, windows, layersPerGroup) => {
  const folder = changed.get(name) ?? join(fixtures, name);
  const config = readModelConfig(folder);
  const blockBytes = kvBytesPerBlock(config, "float32", BLOCK_SIZE, layersPerGroup);
  const wholeBytes = kvBytesPerBlock(config, "float32", BLOCK_SIZE);
  const slidingWindows = windows.map((window) => window ?? Number.POSITIVE_INFINITY);
  const needs = { blockSize: BLOCK_SIZE, slidingWindows };
  const base: EngineOptions = {
    device: "cpu",
    dtype: "float32",
    numThreads: 1,
    maxModelLen: MAX_MODEL_LEN,
    blockSize: BLOCK_SIZE,
    maxNumSeqs: 6,
    maxNumBatchedTokens: 256,
    enablePrefixCaching: false,
    loadFormat: changed.has(name) ? "dummy" : "auto",
    skipTokenizerInit: true,
  };
  const keepsAll: EngineOptions = { disableHybridKvCacheManager: true };
  /** Scarce for six requests, enough for each alone. */
  const tight = (maxNumBatchedTokens: number): EngineOptions => {
    const one = mostBlocks(MAX_MODEL_LEN, { ...needs, maxNumBatchedTokens });
    return { maxNumBatchedTokens, kvCacheMemoryBytes: (1 + Math.ceil(1.3 * one)) * blockBytes };
  };
  let kept: WorkloadResult;

  beforeAll(async () => {
    kept = await runWorkload(folder, { ...base, ...keepsAll }, requests, { perStep: 0 });
  });

  const run = (options: EngineOptions, arrival?: Arrival, rounds?: number) =>
    runWorkload(folder, { ...base, ...options }, requests, arrival, rounds);

  function expectSame(other: WorkloadResult): void {
    expect(other.tokens).toEqual(kept.tokens);
    expect(other.logits).toEqual(kept.logits);
  }

  it("gives each request different tokens, so that equality means something", () => {
    expect(new Set(kept.tokens.map(String)).size).toBeGreaterThan(requests.length - 2);
  });

  it("all kept = alone = batched", async () => {
    expectSame(await run({}, { perStep: 0 }));
    expectSame(await run({}));
  });

  it("whole = chunked, with one step in flight or two", async () => {
    expectSame(await run({ maxNumBatchedTokens: 13 }));
    expectSame(await run({ maxNumBatchedTokens: 64, longPrefillTokenThreshold: 7, asyncScheduling: true }));
  });

  it("cold = cached prefix", async () => {
    const cached = await run({ enablePrefixCaching: true }, { perStep: 2 }, 2);
    expect(cached.prefixCacheHits).toBeGreaterThan(100);
    expectSame(cached);
  });

  it("not preempted = preempted", async () => {
    let preemptions = 0;
    for (const enablePrefixCaching of [false, true]) {
      for (const tokens of [24, 64]) {
        const scarce = await run({ ...tight(tokens), enablePrefixCaching, asyncScheduling: true });
        preemptions += scarce.preemptions;
        expectSame(scarce);
      }
    }
    expect(preemptions).toBeGreaterThan(0);
  });

  it("a device that runs as late as it may, by graphs = one that runs at once", async () => {
    const { backend, pending, launches } = lazyBackend(createBackend({ numThreads: 1 }));
    const options = { ...base, ...tight(29), enablePrefixCaching: true };
    const late = await runWorkload(folder, options, requests, { perStep: 1 }, 1, backend);
    expect(late.tokens).toEqual(kept.tokens);
    expect(pending(), "ops that were never run").toBe(0);
    expect(launches(), "steps that ran as graphs").toBeGreaterThan(10);
  });

  it("without drafts = with drafts", async () => {
    let accepted = 0;
    for (const method of ["suffix", "ngram", "self"] as const) {
      const speculativeConfig = { method, numSpeculativeTokens: 5, adaptive: false } as const;
      const drafted = await run({ ...tight(40), enablePrefixCaching: true, speculativeConfig }, { perStep: 1 }, 2);
      accepted += drafted.acceptedTokens;
      expectSame(drafted);
    }
    expect(accepted).toBeGreaterThan(50);
  });

  it("with the model as its own draft model, every draft is right, wherever blocks have been", async () => {
    // Where nothing that only the target has changes the logits.
    const plain = requests.filter((_, i) => i % SAMPLING_KINDS.length < 5);
    const speculativeConfig = {
      method: "draft_model",
      model: folder,
      numSpeculativeTokens: 3,
      adaptive: false,
    } as const;
    const options = { ...base, enablePrefixCaching: true, maxNumBatchedTokens: 40, speculativeConfig };
    const ownBytes = windows.includes(ALL) ? blockBytes : wholeBytes;
    const one = windows.includes(ALL) ? mostBlocks(MAX_MODEL_LEN, { ...needs, maxNumBatchedTokens: 40 }) : MAX_BLOCKS;
    const scarce = { kvCacheMemoryBytes: (1 + Math.ceil(1.3 * one)) * (ownBytes + wholeBytes) };
    const tiers = { kvOffloadingSize: (120 * windows.length * ownBytes) / 2 ** 30 };
    const others: EngineOptions[] = [{}, keepsAll, scarce, { ...scarce, ...tiers }];
    for (const other of others) {
      const drafted = await runWorkload(folder, { ...options, ...other }, plain, { perStep: 1 }, 2);
      expect(drafted.tokens).toEqual(kept.tokens.filter((_, i) => i % SAMPLING_KINDS.length < 5));
      expect(drafted.acceptedTokens).toBe(drafted.draftTokens);
      expect(drafted.acceptedTokens).toBeGreaterThan(100);
      if (other.kvOffloadingSize) expect(drafted.externalPrefixCacheHits).toBeGreaterThan(20);
    }
  });

  it("a request of many windows' length holds the blocks of its windows, and nothing in the end", async () => {
    const stats = new Float64Array(createStatsBuffer());
    const maxNumBatchedTokens = 16;
    const { core, info } = await loadCore(folder, { ...base, maxNumBatchedTokens, maxNumSeqs: 1 }, stats);
    expect(info.slidingWindows).toEqual(windows);
    const prompt = Int32Array.from({ length: 120 }, (_, i) => (7 * i) % 256);
    const { vocabSize, maxModelLen } = info;
    const context = { defaults: {}, vocabSize, maxModelLen, numPromptTokens: prompt.length };
    const params = resolveSamplingParams({ maxTokens: 70, temperature: 0, ignoreEos: true }, context);
    core.handle(encodeAdd(1, prompt, params, []));
    const most = mostBlocks(190, { ...needs, maxNumBatchedTokens });
    const seen: number[] = [];
    while (core.step()) {
      core.checkInvariants();
      seen.push(readStats(stats).kvBlocksUsed);
    }
    core.dispose();
    expect(Math.max(...seen)).toBeLessThanOrEqual(most);
    // The last tokens' blocks: a window's, and one more where it begins within a block; all of those that see all.
    const last = windows.map((window) => (window === null ? 48 : Math.ceil(window / BLOCK_SIZE) + 1));
    expect(seen.at(-2)).toBeLessThanOrEqual(last.reduce((sum, blocks) => sum + blocks));
    expect(seen.at(-2)).toBeLessThan(windows.length * 48);
    expect(seen.at(-1)).toBe(0);
  });

  it("choices and salts", async () => {
    const generate = async (options: EngineOptions) => {
      const llm = await LLM.load(folder, { ...base, ...options });
      const params = { maxTokens: 30, temperature: 1, seed: 5, ignoreEos: true, n: 4 };
      const outputs = [];
      for (const cacheSalt of ["a", "b", "a"])
        outputs.push(await llm.generate(requests[1]!.prompt, { ...params, cacheSalt }));
      await llm.dispose();
      return outputs;
    };
    const cached = await generate({ enablePrefixCaching: true });
    const all = await generate(keepsAll);
    const tokens = (results: typeof cached) => results.map(({ outputs }) => outputs.map(({ tokenIds }) => tokenIds));
    expect(tokens(cached)).toEqual(tokens(all));
    expect(cached.map(({ numCachedTokens }) => numCachedTokens! > 0)).toEqual([false, false, true]);
  });

  it("KV events name the group", async () => {
    await using llm = await LLM.load(folder, { ...base, enablePrefixCaching: true });
    const told: KvCacheEvent[] = [];
    const end = llm.onKvEvents((events) => void told.push(...events));
    const { prompt } = requests[1]!;
    await llm.generate(prompt, { maxTokens: 4, ignoreEos: true });
    end();
    const [cleared, ...stored] = told;
    expect(cleared).toEqual({ type: "AllBlocksCleared" });
    for (const [groupIdx, window] of windows.entries()) {
      const own = stored.flatMap((event) =>
        event.type === "BlockStored" && event.groupIdx === groupIdx ? [event] : [],
      );
      const kvCacheSpecKind = window === null ? "full_attention" : "sliding_window";
      for (const event of own) expect(event).toMatchObject({ kvCacheSpecKind, kvCacheSpecSlidingWindow: window });
      expect(own.flatMap(({ tokenIds }) => tokenIds).slice(0, prompt.length - 1)).toEqual(
        prompt.slice(0, BLOCK_SIZE * Math.floor((prompt.length + 3) / BLOCK_SIZE)).slice(0, prompt.length - 1),
      );
    }
    expect(new Set(stored.map(({ type }) => type))).toEqual(new Set(["BlockStored"]));
  });

  it("host memory and a file behind the cache", async () => {
    const numBlocks = 60 * windows.length;
    const options = { ...tight(40), enablePrefixCaching: true, kvOffloadingSize: (numBlocks * blockBytes) / 2 ** 30 };
    const loaded = await run(options, { perStep: 1 }, 2);
    expectSame(loaded);
    expect(loaded.externalPrefixCacheHits).toBeGreaterThan(100);
    const kvOffloadingFile = join(scratch, "blocks");
    const kvOffloadingFileSize = options.kvOffloadingSize * 4;
    const kvOffloadingSize = options.kvOffloadingSize / 3;
    expectSame(await run({ ...options, kvOffloadingSize, kvOffloadingFile, kvOffloadingFileSize }, { perStep: 1 }, 2));
  });
});
