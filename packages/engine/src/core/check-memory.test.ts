import type { BackendInfo } from "@octavo/core";
import { describe, expect, test } from "vitest";
import type { EngineOptions } from "../engine-options.js";
import { checkMemory, checkPoolingMemory } from "./check-memory.js";

const MIB = 2 ** 20;
const host: BackendInfo = {
  name: "test",
  description: "",
  dtypes: ["float32"],
  blockSize: 16,
  availableBytes: 1000 * MIB,
  depth: 1,
};
const gpu: BackendInfo = { ...host, dedicated: { totalBytes: 1000 * MIB, contextBytes: 100 * MIB } };
const kv = {
  maxModelLen: 1600,
  blockSize: 16,
  blockBytes: MIB,
  slidingWindows: [Number.POSITIVE_INFINITY],
  maxNumBatchedTokens: 160,
};

function check(
  weightMib: number,
  options: EngineOptions = {},
  backend = host,
  dtype: "float32" | "bfloat16" = "bfloat16",
) {
  const need = { dtype, weightBytes: weightMib * MIB, packedBytes: 0, decodedFormats: [] };
  return () => checkMemory("m", options, need, kv, backend);
}
const refused = (param: string, message: RegExp) =>
  expect.objectContaining({ code: "OUT_OF_MEMORY", param, message: expect.stringMatching(message) });

describe("on a host", () => {
  test("what fits passes: the weights, and one request in half of what they leave", () => {
    expect(check(798)).not.toThrow();
    expect(check(799)).toThrow(
      refused(
        "max_model_len",
        /^m needs at least 900 MiB: weights 799 MiB in bfloat16, the KV cache of one request of max_model_len 1600 101 MiB; 1000 MiB of memory are free, .*\. Set max_model_len to at most 1584 \(or auto\), or end other programs$/,
      ),
    );
    expect(check(990, { maxModelLen: "auto" })).not.toThrow();
  });

  test("with a window a request needs the blocks of that and of a step", () => {
    const windowed = { ...kv, slidingWindows: [321] };
    const need = { dtype: "bfloat16", weightBytes: 930 * MIB, packedBytes: 0, decodedFormats: [] } as const;
    // Of 480 tokens, in 31 blocks at most.
    expect(() => checkMemory("m", {}, need, windowed, host)).not.toThrow();
    expect(() => checkMemory("m", {}, { ...need, weightBytes: 937 * MIB }, windowed, host)).toThrow(/ 32 MiB; .* 480 /);
  });

  test("weights alone are too large", () => {
    expect(check(1001)).toThrow(
      refused("model", /Take the model in a smaller quantization \(a GGUF file, such as Q4_K_M\), or end/),
    );
    expect(check(1001, {}, host, "float32")).toThrow(
      refused("model", /Set dtype to bfloat16, which halves the weights/),
    );
  });

  test("a KV cache of one's own size takes from all that is left", () => {
    expect(check(899, { kvCacheMemoryBytes: 500 * MIB })).not.toThrow();
    expect(check(900, { kvCacheMemoryBytes: 500 * MIB })).toThrow(
      refused("max_model_len", /1000 MiB of memory are free\. Set max_model_len to at most 1584 \(or auto\), or end/),
    );
  });
});

describe("on a GPU", () => {
  test("the engine's share counts", () => {
    // 900 MiB of share, 100 of them the context's.
    expect(check(699, { gpuMemoryUtilization: 0.9 }, gpu)).not.toThrow();
    expect(check(700, { gpuMemoryUtilization: 0.9 }, gpu)).toThrow(
      refused(
        "max_model_len",
        /share of the GPU is 900 MiB, of which CUDA's context takes 100 MiB\. .*or raise gpu_memory_utilization$/,
      ),
    );
    expect(check(801, { gpuMemoryUtilization: 0.9 }, gpu)).toThrow(
      refused("gpu_memory_utilization", /smaller quantization/),
    );
  });

  test("a KV cache of one's own size counts what is free", () => {
    expect(check(900, { kvCacheMemoryBytes: 102 * MIB }, gpu)).toThrow(
      refused("max_model_len", /1000 MiB of the GPU are free.*or stop what else runs/),
    );
  });
});

describe("of embeddings", () => {
  const need = { dtype: "float32", weightBytes: 900 * MIB, packedBytes: 0, decodedFormats: [] } as const;
  const checked = (weightMib: number, kvMib: number, backend = host) => {
    return () => checkPoolingMemory("m", { ...need, weightBytes: weightMib * MIB }, kvMib * MIB, backend);
  };

  test("weights, and the keys and values of one step, in all that is free", () => {
    expect(checked(900, 100)).not.toThrow();
    expect(checked(900, 101)).toThrow(
      refused(
        "max_num_batched_tokens",
        /^m needs at least 1001 MiB: weights 900 MiB in float32, keys and values of a step's prompts 101 MiB; 1000 MiB of memory are free\. Lower max_num_batched_tokens/,
      ),
    );
    expect(checked(1001, 0)).toThrow(refused("model", /^m needs .*float32; 1000 MiB .*\. Set dtype to bfloat16/));
    expect(checked(1001, 0, gpu)).toThrow(/1000 MiB of the GPU are free/);
  });
});
