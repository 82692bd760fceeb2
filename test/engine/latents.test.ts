// Latent attention keeps one tensor a layer in the KV cache: what an engine does with blocks must not change a token.
import { type EngineOptions, LLM } from "@octavo/engine";
import { kvBytesPerBlock, readModelConfig } from "@octavo/models";
import { beforeAll, describe, expect, it } from "vitest";
import { type Arrival, runWorkload, SAMPLING_KINDS, type TestRequest, type WorkloadResult } from "./workload.js";

const BLOCK_SIZE = 4;
const MAX_MODEL_LEN = 80;
const folder = (name: string) => new URL(`../fixtures/models/${name}`, import.meta.url).pathname;

/** Beginnings that some share, every kind of sampling. */
const requests: readonly TestRequest[] = Array.from({ length: 8 }, (_, i) => {
  const shared = Array.from({ length: 20 + 6 * (i % 4) }, (_, at) => (37 * at + 11) % 256);
  const own = Array.from({ length: 3 + i }, (_, at) => (61 * at + 29 * i) % 256);
  const params = { ...SAMPLING_KINDS[i % SAMPLING_KINDS.length]!, maxTokens: 12 + 2 * i, ignoreEos: true };
  return { prompt: [...shared, ...own], params };
});

describe.each(["deepseek-v2-lite", "deepseek-v3"])("%s", (name) => {
  const blockBytes = kvBytesPerBlock(readModelConfig(folder(name)), "float32", BLOCK_SIZE);
  const base: EngineOptions = {
    ...{ device: "cpu", dtype: "float32", numThreads: 1, skipTokenizerInit: true },
    ...{ maxModelLen: MAX_MODEL_LEN, blockSize: BLOCK_SIZE, maxNumSeqs: 4, maxNumBatchedTokens: 128 },
    enablePrefixCaching: false,
  };
  const scarce = { kvCacheMemoryBytes: (1 + Math.ceil((1.3 * MAX_MODEL_LEN) / BLOCK_SIZE)) * blockBytes };
  let alone: WorkloadResult;
  const run = (options: EngineOptions, arrival?: Arrival, rounds?: number) =>
    runWorkload(folder(name), { ...base, ...options }, requests, arrival, rounds);

  beforeAll(async () => {
    alone = await run({}, { perStep: 0 });
  });

  function expectSame(other: WorkloadResult): void {
    expect(other.tokens).toEqual(alone.tokens);
    expect(other.logits).toEqual(alone.logits);
  }

  it("alone = batched = chunked", async () => {
    expect(new Set(alone.tokens.map(String)).size).toBeGreaterThan(requests.length - 2);
    expectSame(await run({}));
    expectSame(await run({ maxNumBatchedTokens: 13, asyncScheduling: true }));
  });

  it("cold = cached prefix = preempted", async () => {
    const cached = await run({ enablePrefixCaching: true }, { perStep: 2 }, 2);
    expect(cached.prefixCacheHits).toBeGreaterThan(50);
    expectSame(cached);
    const preempted = await run({ ...scarce, enablePrefixCaching: true });
    expect(preempted.preemptions).toBeGreaterThan(0);
    expectSame(preempted);
  });

  it("blocks that went to host memory and came back", async () => {
    const kvOffloadingSize = (200 * blockBytes) / 2 ** 30;
    expectSame(await run({ ...scarce, enablePrefixCaching: true, kvOffloadingSize }, { perStep: 1 }, 2));
  });

  it("drafts by its own first layers", async () => {
    const speculativeConfig = { method: "self", numSpeculativeTokens: 3, adaptive: false } as const;
    expectSame(await run({ speculativeConfig }));
  });

  it("choices share blocks and part", async () => {
    await using llm = await LLM.load(folder(name), base);
    const params = { maxTokens: 10, temperature: 1, seed: 5, ignoreEos: true };
    const { outputs } = await llm.generate(requests[1]!.prompt, { ...params, n: 3 });
    const [single] = (await llm.generate(requests[1]!.prompt, params)).outputs;
    expect(outputs[0]!.tokenIds).toEqual(single!.tokenIds);
    expect(new Set(outputs.map(({ tokenIds }) => tokenIds.join())).size).toBe(3);
  });
});
