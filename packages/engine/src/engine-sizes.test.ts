import type { BackendInfo } from "@octavo/core";
import { layerGroups, oneGroup } from "@octavo/models";
import { describe, expect, it } from "vitest";
import type { EngineOptions } from "./engine-options.js";
import { resolveSizes } from "./engine-sizes.js";
import { checkShare } from "./kv-budget.js";

const backend: BackendInfo = {
  name: "test",
  description: "",
  dtypes: ["float32"],
  blockSize: 16,
  availableBytes: 2 ** 30,
  depth: 1,
};
const model = {
  maxPositions: 2048,
  vocabSize: 1000,
  weightBytes: 2 ** 20,
  workspaceBytes: (tokens: number) => tokens * 1024,
  kvBytesPerBlock: (blockSize: number) => blockSize * 4096,
  layerGroups: oneGroup({ numLayers: 2 }),
};
const sizes = (options: EngineOptions, info = {}) => resolveSizes(options, model, { ...backend, ...info }, false);

describe("resolveSizes", () => {
  it("follows the model and the backend", () => {
    expect(sizes({})).toMatchObject({
      maxModelLen: 2048,
      maxNumSeqs: 256,
      maxNumBatchedTokens: 2048,
      blockSize: 16,
      depth: 1,
    });
    expect(sizes({}, { depth: 2 }).depth).toBe(2);
    expect(sizes({ asyncScheduling: true }).depth).toBe(2);
  });

  it("takes no more KV blocks than requests can use", () => {
    expect(sizes({ maxNumSeqs: 2, maxModelLen: 160 }).numBlocks).toBe(1 + 2 * 10);
  });

  it("sizes the KV cache by the model, within bounds and the memory", () => {
    const kvMib = (weightBytes: number, availableBytes = 64 * 2 ** 30) =>
      Math.round(
        resolveSizes({}, { ...model, weightBytes }, { ...backend, availableBytes }, false).kvCacheBytes / 2 ** 20,
      );
    expect(kvMib(2 ** 20)).toBe(256);
    expect(kvMib(2 ** 27)).toBe(512);
    expect(kvMib(2 ** 34)).toBe(2048); // all that 256 requests can use
    expect(kvMib(2 ** 20, 200 * 2 ** 20)).toBe(96); // half of what is left
    expect(sizes({ maxNumSeqs: 1, maxModelLen: 2048 }).numBlocks).toBe(129);
  });

  it("has a sample for each draft, up to 512 of them, and the workspace for their logits", () => {
    const speculativeConfig = { method: "ngram", numSpeculativeTokens: 4 } as const;
    expect(sizes({}).maxSamples).toBe(257);
    expect(sizes({ maxNumSeqs: 8, speculativeConfig }).maxSamples).toBe(9 + 9 * 4);
    expect(sizes({ speculativeConfig }).maxSamples).toBe(257 + 512);
    expect(sizes({ maxNumBatchedTokens: 16, maxNumSeqs: 8, speculativeConfig }).maxSamples).toBe(9 + 15);
    const seen: number[] = [];
    const watched = { ...model, workspaceBytes: (_: number, samples: number) => seen.push(samples) };
    resolveSizes({ speculativeConfig }, watched, backend, false);
    expect(seen).toEqual([257 + 512]);
  });

  it("has room for the longest prompt in a step where prompts are not cut", () => {
    const whole = { enableChunkedPrefill: false } as const;
    expect(sizes({ ...whole, maxModelLen: 300 }).maxNumBatchedTokens).toBe(2048);
    expect(resolveSizes(whole, { ...model, maxPositions: 4096 }, backend, false).maxNumBatchedTokens).toBe(4096);
    expect(() => sizes({ ...whole, maxNumBatchedTokens: 2047 })).toThrow(/2047 is below max_model_len 2048/);
    expect(sizes({ maxNumBatchedTokens: 2047 }).maxNumBatchedTokens).toBe(2047);
  });

  it("has few rows where the token budget is small", () => {
    expect(sizes({ maxNumBatchedTokens: 64 })).toMatchObject({ maxNumSeqs: 64, maxNumBatchedTokens: 64 });
    expect(sizes({ maxNumSeqs: 4096 })).toMatchObject({ maxNumSeqs: 4096, maxNumBatchedTokens: 4096 });
  });

  it("says so when the workspace does not fit", () => {
    expect(() => sizes({ maxNumBatchedTokens: 2 ** 20 })).toThrowError(
      expect.objectContaining({ code: "OUT_OF_MEMORY", param: "max_num_batched_tokens" }),
    );
  });

  it("says what would fit when one request does not", () => {
    const tooSmall = () => sizes({ kvCacheMemoryBytes: 21 * 16 * 4096 });
    expect(tooSmall).toThrowError(expect.objectContaining({ code: "OUT_OF_MEMORY", param: "kv_cache_memory_bytes" }));
    expect(tooSmall).toThrowError(/max_model_len to at most 320 .* or set kv_cache_memory_bytes to at least 8454144$/);
    expect(sizes({ kvCacheMemoryBytes: 8454144 }).maxModelLen).toBe(2048);
    expect(sizes({ kvCacheMemoryBytes: 21 * 16 * 4096, maxModelLen: 320 }).numBlocks).toBe(21);
  });

  it("rounds what is needed up and what there is down", () => {
    const blocks = (count: number) => ({ kvCacheMemoryBytes: count * 16 * 4096 });
    expect(() => sizes(blocks(127))).toThrowError(/cache of 7\.9 MiB holds 2016 tokens, .* needs 8\.1 MiB: /);
    expect(() => sizes({}, { availableBytes: 2 * 2 ** 20 + 2 ** 23 })).toThrowError(
      /cache of [\d.]+ MiB .*_bytes to at least 8454144, or lower max_num_batched_tokens or max_num_seqs, whose workspace takes \d/,
    );
  });

  it("shortens max_model_len auto to what the cache holds", () => {
    expect(sizes({ kvCacheMemoryBytes: 21 * 16 * 4096, maxModelLen: "auto" })).toMatchObject({
      maxModelLen: 320,
      numBlocks: 21,
    });
    expect(sizes({ maxModelLen: "auto" }).maxModelLen).toBe(2048);
    expect(() => sizes({ kvCacheMemoryBytes: 16 * 4096, maxModelLen: "auto" })).toThrowError(
      expect.objectContaining({ code: "OUT_OF_MEMORY", param: "kv_cache_memory_bytes" }),
    );
    expect(() => sizes({ kvCacheMemoryBytes: 16 * 4096, maxModelLen: "auto" })).toThrowError(
      /cache of 65536 bytes holds 0 tokens, the shortest request needs 131072 bytes: set .* at least 131072$/,
    );
    expect(sizes({ kvCacheMemoryBytes: 131072, maxModelLen: "auto" }).maxModelLen).toBe(16);
  });

  it("refuses a KV cache that the device cannot have", () => {
    const asked = { kvCacheMemoryBytes: 1e15, maxNumSeqs: 65536, maxNumBatchedTokens: 65536 };
    const message = /KV cache of 524289 MiB was asked for, free are 1024 MiB: set kv_cache_memory_bytes lower/;
    expect(() => sizes(asked)).toThrowError(message);
    expect(() => sizes(asked)).toThrowError(expect.objectContaining({ param: "kv_cache_memory_bytes" }));
    const dedicated = { totalBytes: 2 ** 33, contextBytes: 0 };
    expect(() => sizes(asked, { dedicated })).toThrowError(/the GPU has 8192 MiB/);
    const unbounded = { ...model, kvBytesPerBlock: () => 1, maxPositions: 2 ** 24 };
    const { numBlocks, blockSize } = resolveSizes(asked, unbounded, { ...backend, availableBytes: 1e15 }, false);
    expect(numBlocks * blockSize).toBeLessThan(2 ** 31); // slots are int32
    expect(numBlocks * blockSize).toBeGreaterThan(2 ** 31 - 2 * blockSize);
  });

  it("counts tables", () => {
    const asked = { maxNumSeqs: 65536, maxNumBatchedTokens: 65536 }; // of 128 blocks: 32 MiB, beside a workspace of 64
    expect(() => sizes(asked, { availableBytes: 98 * 2 ** 20 })).toThrowError(/tables \(\d+ MiB\) need more/);
    expect(sizes({ ...asked, kvCacheMemoryBytes: 2 ** 24 }, { availableBytes: 98 * 2 ** 20 }).numBlocks).toBe(256);
  });

  it("pads decode steps only for a backend with graphs", () => {
    const buckets = (maxNumSeqs: number) => resolveSizes({ maxNumSeqs }, model, backend, true).decodeBuckets;
    expect(sizes({}).decodeBuckets).toEqual([]);
    expect(buckets(1)).toEqual([1]);
    expect(buckets(3)).toEqual([1, 2, 3]);
    expect(buckets(20)).toEqual([1, 2, 4, 8, 16, 20]);
    expect(buckets(1024).slice(-3)).toEqual([480, 496, 512]);
  });

  it.each<[string, EngineOptions]>([
    ["max_model_len", { maxModelLen: 2049 }],
    ["max_model_len", { maxModelLen: 0 }],
    ["max_model_len", { maxModelLen: "long" as "auto" }],
    ["max_num_seqs", { maxNumSeqs: 1.5 }],
    ["max_num_batched_tokens", { maxNumSeqs: 64, maxNumBatchedTokens: 32 }],
    ["max_num_seqs", { maxNumSeqs: 1e8 }],
    ["max_num_batched_tokens", { maxNumBatchedTokens: 1e9 }],
    ["kv_cache_memory_bytes", { kvCacheMemoryBytes: Number.NaN }],
    ["block_size", { blockSize: -1 }],
  ])("names a bad %s", (param, options) => {
    expect(() => sizes(options)).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT", param }));
  });
});

describe("on a device with memory of its own", () => {
  const gib = 2 ** 30;
  const dedicated = { totalBytes: 80 * gib, contextBytes: gib };
  const gpu = { ...backend, availableBytes: 79 * gib, dedicated };
  const large = { ...model, weightBytes: 16 * gib, kvBytesPerBlock: () => 2 * 2 ** 20, maxPositions: 2 ** 17 };
  const gpuSizes = (options: EngineOptions, hasGraphs = true) => resolveSizes(options, large, gpu, hasGraphs);

  it("takes a share of the whole, counted from its own bytes", () => {
    const own = 16 * gib + gib + 2048 * 1024;
    const { kvCacheBytes, maxModelLen } = gpuSizes({ gpuMemoryUtilization: 0.5 }, false);
    expect(maxModelLen).toBe(2 ** 17);
    expect(40 * gib - own - kvCacheBytes).toBeGreaterThan(0);
    expect(40 * gib - own - kvCacheBytes).toBeLessThan(16 * 2 ** 20); // tables, and less than a block
    expect(gpuSizes({}).kvCacheBytes - kvCacheBytes).toBeGreaterThan(31 * gib); // 0.9, less what graphs may take
  });

  it("does not look at what is free, which a neighbour changes", () => {
    const crowded = { ...gpu, availableBytes: 20 * gib };
    expect(resolveSizes({}, large, crowded, true)).toEqual(gpuSizes({}));
  });

  it("goes before its share when the bytes are said", () => {
    expect(gpuSizes({ kvCacheMemoryBytes: 30 * gib }).kvCacheBytes).toBe(30 * gib);
  });

  it("says what takes the share when nothing is left", () => {
    expect(() => gpuSizes({ gpuMemoryUtilization: 0.2 })).toThrowError(
      expect.objectContaining({ code: "OUT_OF_MEMORY", param: "gpu_memory_utilization" }),
    );
    expect(() => gpuSizes({ gpuMemoryUtilization: 0.2 })).toThrowError(
      /weights take 16384 MiB.*context 1024 MiB.*raise it/,
    );
  });

  it("advises a larger share where it says what would fit", () => {
    const needs = 16 * gib + gib + 2048 * 1024 + 10 * 2 ** 20;
    const small = (options: EngineOptions) => () =>
      gpuSizes({ gpuMemoryUtilization: (needs + 2 ** 24) / (80 * gib), ...options }, false);
    expect(small({})).toThrowError(expect.objectContaining({ code: "OUT_OF_MEMORY", param: "max_model_len" }));
    expect(small({})).toThrowError(
      /max_model_len to at most \d+ \(or auto\), or raise gpu_memory_utilization, or lower max_num_batched_tokens or max_num_seqs, whose workspace takes \d.* MiB/,
    );
    expect(small({ kvCacheMemoryBytes: 2 ** 24 })).toThrowError(
      expect.objectContaining({
        param: "kv_cache_memory_bytes",
        message: expect.stringMatching(/bytes to at least \d+$/),
      }),
    );
  });

  it("says before loading who holds what, and which share is free", () => {
    const check = (options: EngineOptions, availableBytes: number) =>
      checkShare(options, { ...gpu, availableBytes }, () => "process 77 (python3) holds 40 GiB");
    expect(() => check({}, 39 * gib)).toThrowError(
      expect.objectContaining({ code: "OUT_OF_MEMORY", param: "gpu_memory_utilization" }),
    );
    expect(() => check({}, 39 * gib)).toThrowError(/0\.9 asks for 73728 MiB .*40960 MiB.*python3.*at most 0\.5,/);
    expect(() => check({ gpuMemoryUtilization: 0.5 }, 39 * gib)).not.toThrow();
    expect(() => check({}, -gib + 2 ** 28)).toThrowError(/Stop the others or set kv_cache_memory_bytes/);
    expect(() => check({ kvCacheMemoryBytes: gib }, 39 * gib)).not.toThrow();
    expect(() => checkShare({}, { ...backend, availableBytes: 1 }, () => "")).not.toThrow();
  });

  it.each([0, -1, 1.01, Number.NaN])("refuses a share of %f", (gpuMemoryUtilization) => {
    expect(() => gpuSizes({ gpuMemoryUtilization })).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT", param: "gpu_memory_utilization" }),
    );
  });
});

describe("resolveSizes of windows", () => {
  const windows = (most: number, of: (layer: number) => number | null) =>
    layerGroups({ windows: Array.from({ length: 4 }, (_, layer) => of(layer)) }, most);
  const resolve = (groups: ReturnType<typeof windows>, options: EngineOptions) =>
    resolveSizes(options, { ...model, layerGroups: groups }, backend, false);
  const asked = { maxNumSeqs: 4, maxNumBatchedTokens: 32, kvCacheMemoryBytes: 12 * 16 * 4096 };

  it("needs blocks for a window and a step, however long a request is", () => {
    // 49 + 32 - 1 tokens lie in 6 blocks at most.
    expect(
      resolve(
        windows(2048, () => 50),
        asked,
      ),
    ).toMatchObject({ maxModelLen: 2048, numBlocks: 12 });
    const tooFew = { ...asked, kvCacheMemoryBytes: 6 * 16 * 4096 };
    expect(() =>
      resolve(
        windows(2048, () => 50),
        tooFew,
      ),
    ).toThrow(/holds 80 tokens.*, or lower max_num_batched_tokens, of which/);
    expect(
      resolve(
        windows(2048, () => 50),
        { ...tooFew, maxModelLen: "auto" },
      ).maxModelLen,
    ).toBe(80);
  });

  it("needs blocks of each group", () => {
    const mixed = windows(2048, (layer) => (layer === 3 ? null : 50));
    expect(mixed.slidingWindows).toHaveLength(4);
    // Of 11 blocks one group that sees all has 2, like the others, which have not reached their windows' end.
    expect(resolve(mixed, { ...asked, maxModelLen: "auto" }).maxModelLen).toBe(32);
    const half = windows(2048, (layer) => (layer % 2 ? null : 50));
    expect(resolve(half, { ...asked, kvCacheMemoryBytes: 135 * 16 * 4096 })).toMatchObject({ maxModelLen: 2048 });
    expect(() => resolve(half, { ...asked, kvCacheMemoryBytes: 134 * 16 * 4096 })).toThrow("holds 2032 tokens");
  });
});
