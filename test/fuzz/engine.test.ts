// 10,000 steps of random arrivals, aborts and preemptions through the whole engine core on the null backend: invariants hold
// after every step, everybody is served, everything is freed.
import {
  createStatsBuffer,
  encodeAbort,
  encodeAdd,
  loadCore,
  OUTPUT_WORDS,
  readStats,
  resolveSamplingParams,
} from "@octavo/engine/core";
import { modelPath } from "@octavo/model-pocket";
import { describe, expect, it } from "vitest";

const seeds = process.env.OCTAVO_FUZZ_SEED ? [Number(process.env.OCTAVO_FUZZ_SEED)] : [1, 2, 3, 4];
const STEPS = 2_500;

describe.each(seeds)("engine on the null backend, OCTAVO_FUZZ_SEED=%d", (seed) => {
  it(`keeps its invariants for ${STEPS} steps`, { timeout: 120_000 }, async () => {
    let state = seed * 2654435761;
    const random = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const maxModelLen = 128;
    const stats = new Float64Array(createStatsBuffer());
    const options = {
      device: "null",
      maxModelLen,
      maxNumSeqs: 12,
      maxNumBatchedTokens: 24 + random(80),
      longPrefillTokenThreshold: random(2) * 16,
      asyncScheduling: seed % 2 === 0,
      kvCacheMemoryBytes: 2 ** 21, // 31 blocks, where 12 requests of full length want 96
    } as const;
    const { core, info } = await loadCore(modelPath, options, stats);
    const open = new Map<number, { outputs: number; maxTokens: number; age: number }>();
    let nextId = 1;
    let finished = 0;
    let oldestAge = 0;
    const prefix = Array.from({ length: maxModelLen }, () => random(4000));

    const arrive = () => {
      const shared = random(60);
      const prompt = Int32Array.from([
        ...prefix.slice(0, shared),
        ...Array.from({ length: 1 + random(40) }, () => random(4000)),
      ]);
      const context = { defaults: {}, vocabSize: info.vocabSize, maxModelLen, numPromptTokens: prompt.length };
      const params = resolveSamplingParams({ maxTokens: 1 + random(60), seed: random(1e9) }, context);
      open.set(nextId, { outputs: 0, maxTokens: params.maxTokens, age: 0 });
      core.handle(encodeAdd(nextId++, prompt, params, [random(64), random(64)]));
    };
    const step = () => {
      core.step();
      core.checkInvariants();
      const words = core.outputs.take();
      for (let i = 0; i < words.length; i += OUTPUT_WORDS) {
        const request = open.get(words[i]!);
        expect(request, `request ${words[i]} is not open`).toBeDefined();
        request!.outputs++;
        expect(request!.outputs).toBeLessThanOrEqual(request!.maxTokens);
        if (words[i + 2] !== 0 && open.delete(words[i]!)) finished++;
      }
      for (const request of open.values()) oldestAge = Math.max(oldestAge, ++request.age);
    };

    for (let n = 0; n < STEPS; n++) {
      if (open.size < 40 && random(3) === 0) arrive();
      if (open.size > 0 && random(20) === 0) {
        const victim = [...open.keys()][random(open.size)]!;
        open.delete(victim);
        core.handle(encodeAbort(victim));
        core.checkInvariants();
      }
      step();
    }
    for (let n = 0; open.size > 0; n++) {
      expect(n, `${open.size} requests starve`).toBeLessThan(2_000);
      step();
    }
    while (core.step()) core.outputs.take();
    const { numPreemptions, kvBlocksUsed, numRunning, numWaiting, prefixCacheHits } = readStats(stats);
    expect({ kvBlocksUsed, numRunning, numWaiting }).toEqual({ kvBlocksUsed: 0, numRunning: 0, numWaiting: 0 });
    expect(numPreemptions).toBeGreaterThan(10);
    expect(prefixCacheHits).toBeGreaterThan(0);
    expect(finished).toBeGreaterThan(200);
    expect(oldestAge).toBeLessThan(1_500);
    core.dispose();
  });
});
