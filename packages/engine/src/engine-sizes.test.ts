import type { BackendInfo } from "@octavo/core";
import { describe, expect, it } from "vitest";
import type { EngineOptions } from "./engine-options.js";
import { resolveSizes } from "./engine-sizes.js";

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
  weightBytes: 2 ** 20,
  workspaceBytes: (tokens: number) => tokens * 1024,
  kvBytesPerBlock: (blockSize: number) => blockSize * 4096,
};
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

  it("takes no more KV blocks than requests can use", () => {
    expect(sizes({ maxNumSeqs: 2, maxModelLen: 160 }).numBlocks).toBe(1 + 2 * 10);
  });

  it("sizes the KV cache by the model, within bounds and the memory", () => {
    const kvMib = (weightBytes: number, availableBytes = 64 * 2 ** 30) =>
      Math.round(resolveSizes({}, { ...model, weightBytes }, { ...backend, availableBytes }).kvCacheBytes / 2 ** 20);
    expect(kvMib(2 ** 20)).toBe(256);
    expect(kvMib(2 ** 27)).toBe(512);
    expect(kvMib(2 ** 34)).toBe(2048); // all that 256 requests can use
    expect(kvMib(2 ** 20, 200 * 2 ** 20)).toBe(99); // half of what is left
    expect(sizes({ maxNumSeqs: 1, maxModelLen: 2048 }).numBlocks).toBe(129);
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
    expect(tooSmall).toThrowError(/max_model_len to at most 320 /);
    expect(sizes({ kvCacheMemoryBytes: 21 * 16 * 4096, maxModelLen: 320 }).numBlocks).toBe(21);
  });

  it.each<[string, EngineOptions]>([
    ["max_model_len", { maxModelLen: 2049 }],
    ["max_model_len", { maxModelLen: 0 }],
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
