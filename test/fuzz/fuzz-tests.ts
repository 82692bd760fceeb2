// Random workloads against the same requests one at a time: the tokens must be equal, bit for bit. Any device.
// OCTAVO_FUZZ_WORKLOADS=<number> says how many, OCTAVO_FUZZ_SEED=<number> runs one engine's.
import type { EngineOptions } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newUse, TokenEngine, type Use } from "../engine/token-engine.js";
import { randomIntegers } from "./random-integers.js";
import { aloneOptions, type FuzzModel, MAX_TOKENS, randomOptions, randomRequests } from "./random-workload.js";

const tiny = (name: string) => new URL(`../fixtures/models/${name}`, import.meta.url).pathname;
const models: readonly FuzzModel[] = [
  { name: "pocket, bfloat16", folder: modelPath, dtype: "bfloat16" },
  { name: "llama-gqa-tied, float32", folder: tiny("llama-gqa-tied"), dtype: "float32" },
  { name: "llama-mqa-headdim, bfloat16", folder: tiny("llama-mqa-headdim"), dtype: "bfloat16" },
  { name: "llama-f16, float16", folder: tiny("llama-f16"), dtype: "float16" },
  { name: "mistral-window, float32", folder: tiny("mistral-window"), dtype: "float32" },
  { name: "gemma3 of two windows, float32", folder: tiny("gemma3"), dtype: "float32" },
];

/**
 * Registers the tests: one for each engine with its random options.
 * @param device options that hold for every engine; with them a request's tokens must depend on nothing but itself
 * @param workloads how many by default
 * @param perEngine workloads that one engine serves
 */
export function fuzzTests(device: EngineOptions, workloads: number, perEngine: number): void {
  const wanted = Number(process.env.OCTAVO_FUZZ_WORKLOADS ?? workloads);
  const onlySeed = process.env.OCTAVO_FUZZ_SEED;
  const seeds = onlySeed ? [Number(onlySeed)] : Array.from({ length: Math.ceil(wanted / perEngine) }, (_, i) => 1 + i);
  const totals = {
    workloads: 0,
    requests: 0,
    tokens: 0,
    aborted: 0,
    preempted: 0,
    cachedTokens: 0,
    loadedTokens: 0,
    forks: 0,
    steps: 0,
    accepted: 0,
  };

  const suites = models
    .map((model, i) => [model.name, model, seeds.filter((seed) => seed % models.length === i)] as const)
    .filter(([, , mine]) => mine.length > 0);
  describe.each(suites)("%s", (_, model, mine) => {
    let reference: TokenEngine;
    beforeAll(async () => {
      reference = await TokenEngine.load(model.folder, { ...aloneOptions(model), ...device });
    });
    afterAll(() => reference[Symbol.dispose]());

    test.each(mine)("OCTAVO_FUZZ_SEED=%i", async (seed) => {
      const random = randomIntegers(seed);
      const options: EngineOptions = { ...randomOptions(model, random), ...device };
      const requests = randomRequests(reference.vocabSize, 12 + perEngine, random);
      const alone = new Map(requests.map((request) => [request, reference.alone(request)]));
      using engine = await TokenEngine.load(model.folder, options);
      for (let workload = 0; workload < perEngine; workload++) {
        const uses = Array.from({ length: random(2, 14) }, () =>
          newUse(requests[random(0, requests.length - 1)]!, random(1, MAX_TOKENS)),
        );
        engine.run(uses, {
          arrivals: () => random(0, 3),
          serving: () => ({
            priority: random(-2, 2),
            tenant: random(0, 3),
            timeoutMs: random(0, 9) === 0 ? random(1, 40) : -1,
          }),
          pause: () => (random(0, 30) > 0 ? undefined : random(0, 1) === 0 ? "keep" : "wait"),
          forks: () => random(0, 2) === 0,
          abort: (live) => (random(0, 40) === 0 ? random(0, live - 1) : -1),
        });
        for (const use of uses) {
          expectSame(use, alone.get(use.request)!, `OCTAVO_FUZZ_SEED=${seed}, workload ${workload}`, options);
          totals.tokens += use.tokens.length;
          totals.aborted += Number(use.aborted);
          totals.forks += Number(use.forked);
        }
        totals.workloads++;
        totals.requests += uses.length;
      }
      totals.preempted += engine.stats.numPreemptions;
      totals.cachedTokens += engine.stats.prefixCacheHits;
      totals.loadedTokens += engine.stats.externalPrefixCacheHits;
      totals.steps += engine.stats.steps;
      totals.accepted += engine.stats.numAcceptedTokens;
    });
  });

  test.skipIf(onlySeed || seeds.length < models.length)("they cover what they must", () => {
    console.info("fuzz:", totals);
    expect(totals.workloads).toBeGreaterThanOrEqual(wanted);
    for (const [name, count] of Object.entries(totals)) expect(count, name).toBeGreaterThan(wanted / 10);
  });
}

/** What a request gave must be what it gives alone: all of it, or its beginning when it was aborted. */
function expectSame(use: Use, alone: readonly number[], where: string, options: EngineOptions): void {
  const { request, tokens, maxTokens, aborted, done } = use;
  const expected = alone.slice(0, aborted ? tokens.length : maxTokens);
  const same = tokens.length === expected.length && tokens.every((token, i) => token === expected[i]);
  if (same && done === !aborted) return;
  const message = `${where}: ${JSON.stringify({ options, promptLength: request.prompt.length, params: request.params })}`;
  expect({ tokens, aborted, done }, message).toEqual({ tokens: expected, aborted, done: !aborted });
}
