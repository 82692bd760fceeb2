import type { BackendInfo } from "@octavo/core";
import { describe, expect, it } from "vitest";
import { type EngineOptions, resolveSizes } from "./engine-options.js";

const backend: BackendInfo = {
  name: "test",
  description: "",
  dtypes: ["float32"],
  blockSize: 16,
  availableBytes: 2 ** 30,
  depth: 1,
};
const model = { maxPositions: 2048, weightBytes: 2 ** 20, kvBytesPerBlock: (blockSize: number) => blockSize * 4096 };
const sizes = (options: EngineOptions, info = {}) => resolveSizes(options, model, { ...backend, ...info });

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

  it("takes no more KV blocks than requests can use, and no more than half of what is free", () => {
    expect(sizes({ maxNumSeqs: 2, maxModelLen: 160 }).numBlocks).toBe(1 + 2 * 10);
    const { kvCacheBytes } = sizes({});
    expect(kvCacheBytes).toBeLessThanOrEqual((2 ** 30 - 2 ** 20) / 2);
    expect(kvCacheBytes).toBeGreaterThan(0.49 * 2 ** 30);
  });

  it("says what would fit when one request does not", () => {
    const tooSmall = () => sizes({ kvCacheMemoryBytes: 21 * 16 * 4096 });
    expect(tooSmall).toThrowError(expect.objectContaining({ code: "OUT_OF_MEMORY", param: "kv_cache_memory_bytes" }));
    expect(tooSmall).toThrowError(/max_model_len to at most 320 /);
    expect(sizes({ kvCacheMemoryBytes: 21 * 16 * 4096, maxModelLen: 320 }).numBlocks).toBe(21);
  });

  it.each<[string, EngineOptions]>([
    ["max_model_len", { maxModelLen: 2049 }],
    ["max_model_len", { maxModelLen: 0 }],
    ["max_num_seqs", { maxNumSeqs: 1.5 }],
    ["max_num_batched_tokens", { maxNumSeqs: 64, maxNumBatchedTokens: 32 }],
    ["block_size", { blockSize: -1 }],
  ])("names a bad %s", (param, options) => {
    expect(() => sizes(options)).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT", param }));
  });
});
