// A request's tokens and logits depend on nothing but itself: not on the batch, chunks, the prefix cache, preemption or overlap.

import type { EngineOptions } from "@octavo/engine";
import { createBackend } from "@octavo/kernels-cpu";
import { modelPath } from "@octavo/model-pocket";
import { beforeAll, describe, expect, it } from "vitest";
import { lazyBackend } from "./lazy-backend.js";
import { type Arrival, runWorkload, SAMPLING_KINDS, type TestRequest, type WorkloadResult } from "./workload.js";

const tiny = new URL("../fixtures/models/llama-gqa-tied", import.meta.url).pathname;

/** Mixed lengths, shared beginnings, greedy and seeded sampling with each filter. */
function makeRequests(vocabSize: number, maxPrompt: number): TestRequest[] {
  let state = 12345;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const shared = Array.from({ length: maxPrompt }, () => 5 + random(vocabSize - 5));
  return Array.from({ length: 12 }, (_, i) => {
    const prefix = shared.slice(0, random(maxPrompt));
    const tail = Array.from({ length: 1 + random(24) }, () => 5 + random(vocabSize - 5));
    return {
      prompt: [...prefix, ...tail],
      params: { ...SAMPLING_KINDS[i % SAMPLING_KINDS.length]!, maxTokens: 8 + random(24), ignoreEos: i % 2 === 0 },
    };
  });
}

const models = [
  { name: "Pocket, bfloat16", folder: modelPath, dtype: "auto", vocabSize: 4096, maxPrompt: 90, kvBytesPerToken: 4096 },
  {
    name: "tiny GQA, float32",
    folder: tiny,
    dtype: "float32",
    vocabSize: 320,
    maxPrompt: 90,
    kvBytesPerToken: 3 * 2 * 2 * 8 * 4,
  },
] as const;

describe.each(models)("$name", ({ folder, dtype, vocabSize, maxPrompt, kvBytesPerToken }) => {
  const requests = makeRequests(vocabSize, maxPrompt);
  const base: EngineOptions = {
    device: "cpu",
    dtype,
    maxModelLen: 192,
    maxNumSeqs: 8,
    maxNumBatchedTokens: 512,
    enablePrefixCaching: false,
  };
  let alone: WorkloadResult;

  beforeAll(async () => {
    alone = await runWorkload(folder, base, requests, { perStep: 0 });
  });

  const run = (options: EngineOptions, arrival?: Arrival, rounds?: number) =>
    runWorkload(folder, { ...base, ...options }, requests, arrival, rounds);

  function expectSame(other: WorkloadResult): void {
    expect(other.tokens).toEqual(alone.tokens);
    expect(other.logits).toEqual(alone.logits);
  }

  it("gives each request different tokens, so that equality means something", () => {
    expect(new Set(alone.tokens.map(String)).size).toBeGreaterThan(requests.length - 2);
  });

  it("alone = batched", async () => expectSame(await run({})));

  it("alone = arriving while others run", async () => expectSame(await run({}, { perStep: 1 })));

  it("whole = chunked prefill", async () => {
    expectSame(await run({ maxNumBatchedTokens: 13 }));
    expectSame(await run({ maxNumBatchedTokens: 64, longPrefillTokenThreshold: 7 }));
    const tight = { kvCacheMemoryBytes: kvBytesPerToken * 272, maxNumBatchedTokens: 192 };
    expectSame(await run({ enableChunkedPrefill: false, enablePrefixCaching: true, ...tight }));
  });

  it("cold = cached prefix", async () => {
    const cached = await run({ enablePrefixCaching: true }, { perStep: 2 }, 2);
    expect(cached.prefixCacheHits).toBeGreaterThan(100);
    expectSame(cached);
  });

  it("not preempted = preempted", async () => {
    for (const enablePrefixCaching of [false, true]) {
      const tight = await run({ kvCacheMemoryBytes: kvBytesPerToken * 272, enablePrefixCaching });
      expect(tight.preemptions).toBeGreaterThan(0);
      expectSame(tight);
    }
  });

  it("depth 1 = depth 2", async () => {
    expectSame(await run({ asyncScheduling: true }));
    const all = {
      asyncScheduling: true,
      kvCacheMemoryBytes: kvBytesPerToken * 272,
      maxNumBatchedTokens: 29,
      enablePrefixCaching: true,
    };
    expectSame(await run(all, { perStep: 1 }));
  });

  it("a device that runs as late as it may, by graphs or not = one that runs at once", async () => {
    const tight = {
      ...base,
      kvCacheMemoryBytes: kvBytesPerToken * 272,
      maxNumBatchedTokens: 29,
      enablePrefixCaching: true,
    };
    for (const enforceEager of [true, false]) {
      const { backend, pending, launches } = lazyBackend(createBackend());
      const late = await runWorkload(folder, { ...tight, enforceEager }, requests, { perStep: 1 }, 1, backend);
      expect(late.preemptions).toBeGreaterThan(0);
      expect(late.tokens).toEqual(alone.tokens);
      expect(pending(), "ops that were never run").toBe(0);
      if (enforceEager) expect(launches()).toBe(0);
      else expect(launches(), "steps that ran as graphs").toBeGreaterThan(10);
    }
  });

  it("without drafts = with drafts from earlier outputs", async () => {
    const speculativeConfig = { method: "suffix", numSpeculativeTokens: 6, adaptive: false } as const;
    const tight = { kvCacheMemoryBytes: kvBytesPerToken * 272, maxNumBatchedTokens: 29, enablePrefixCaching: true };
    for (const options of [{}, { asyncScheduling: true }, { longPrefillTokenThreshold: 7 }, tight]) {
      const drafted = await run({ ...options, speculativeConfig }, { perStep: 1 }, 2);
      expect(drafted.acceptedTokens).toBeGreaterThan(50);
      expectSame(drafted);
    }
  });

  it("1 thread = 3 threads", async () => {
    expectSame(await run({ numThreads: 1 }));
    expectSame(await run({ numThreads: 3 }));
  });
});
