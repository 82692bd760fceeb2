// Logprobs against a softmax in plain loops over the logits of a model that runs without an engine. Any device.
import type { Backend } from "@octavo/core";
import {
  type EngineOptions,
  LLM,
  type PositionLogprobs,
  type RequestOutput,
  type SamplingParams,
} from "@octavo/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ModelRun } from "../parity/run-model.js";

const folder = new URL("../fixtures/models/llama-gqa-tied", import.meta.url).pathname;
const GREEDY: SamplingParams = { temperature: 0, ignoreEos: true };

/** Prompts of 1 to 60 tokens. */
const prompts = [1, 2, 7, 33, 60].map((length, i) => Array.from({ length }, (_, t) => (t * 37 + 11 * i + 3) % 96));

export interface LogprobsDevice {
  /** With them a request's result must depend on nothing but itself. */
  readonly options: EngineOptions;
  createBackend(): Backend;
  /** How far the engine's logprobs may be from those of a model that computes the sequence in one step. */
  readonly tolerance: number;
}

/** Natural logarithms of the probabilities that `logits` give, in float64. */
function logSoftmax(logits: Float32Array): number[] {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return Array.from(logits, (logit) => logit - largest - Math.log(sum));
}

/** What of one position must be, with `alternatives` most likely tokens. */
function expectPosition(
  actual: PositionLogprobs,
  logits: Float32Array,
  token: number,
  alternatives: number,
  tolerance: number,
) {
  const all = logSoftmax(logits);
  expect(actual.tokenId).toBe(token);
  expect(Math.abs(actual.logprob - all[token]!), "error of the token's logprob").toBeLessThan(tolerance);
  // Ties within the tolerance may stand in any order.
  const surelyLarger = all.filter((value) => value > all[token]! + tolerance).length;
  const perhapsLarger = all.filter((value) => value > all[token]! - tolerance).length;
  expect(actual.rank).toBeGreaterThan(surelyLarger);
  expect(actual.rank).toBeLessThanOrEqual(Math.max(1, perhapsLarger));
  expect(actual.top).toHaveLength(alternatives);
  const best = [...all].sort((a, b) => b - a);
  actual.top.forEach(({ tokenId, logprob, rank }, i) => {
    expect(rank).toBe(i + 1);
    expect(Math.abs(logprob - best[i]!), `error of the logprob of rank ${rank}`).toBeLessThan(tolerance);
    expect(Math.abs(logprob - all[tokenId]!), `rank ${rank} is another token's`).toBeLessThan(tolerance);
  });
  expect(new Set(actual.top.map(({ tokenId }) => tokenId)).size).toBe(alternatives);
}

export function logprobsTests({ options, createBackend, tolerance }: LogprobsDevice): void {
  /** Small steps: prompts come in chunks, and their logits in slices. */
  const small = { maxNumSeqs: 6, maxNumBatchedTokens: 24 };
  const load = (extra: EngineOptions = {}) =>
    LLM.load(folder, {
      dtype: "float32",
      skipTokenizerInit: true,
      thread: false,
      maxModelLen: 128,
      ...small,
      ...options,
      ...extra,
    });

  /** The logits after each of `ids`. */
  function logitsOf(ids: readonly number[]): Float32Array[] {
    using backend = createBackend();
    using run = new ModelRun(folder, backend, ids.length, { dtype: "float32" });
    return run.feed(ids);
  }

  function expectLogprobs(output: RequestOutput, alternatives: number, promptAlternatives: number | null): void {
    const prompt = [...output.promptTokenIds];
    for (const { tokenIds, logprobs } of output.outputs) {
      const logits = logitsOf([...prompt, ...tokenIds]);
      expect(logprobs).toHaveLength(tokenIds.length);
      tokenIds.forEach((token, i) => {
        expectPosition(logprobs![i]!, logits[prompt.length - 1 + i]!, token, alternatives, tolerance);
      });
      if (promptAlternatives === null) continue;
      expect(output.promptLogprobs).toHaveLength(prompt.length);
      expect(output.promptLogprobs![0]).toBeNull();
      for (let i = 1; i < prompt.length; i++) {
        expectPosition(output.promptLogprobs![i]!, logits[i - 1]!, prompt[i]!, promptAlternatives, tolerance);
      }
    }
  }

  describe("one engine", () => {
    let llm: LLM;
    beforeAll(async () => {
      llm = await load();
    });
    afterAll(() => llm.dispose());

    test("of outputs and prompts are the model's, batched", async () => {
      const outputs = await llm.generate(prompts, { ...GREEDY, maxTokens: 20, logprobs: 5, promptLogprobs: 3 });
      for (const output of outputs) expectLogprobs(output, 5, 3);
    });

    test("each request gets as many as it asks for, beside requests that ask for none", async () => {
      const wishes: SamplingParams[] = [
        {},
        { logprobs: 0 },
        { logprobs: 20, promptLogprobs: 0 },
        { promptLogprobs: 7 },
        { logprobs: 2 },
      ];
      const outputs = await Promise.all(
        wishes.map((wish, i) => llm.generate(prompts[i]!, { ...GREEDY, maxTokens: 9, ...wish })),
      );
      for (const [i, { logprobs, promptLogprobs }] of wishes.entries()) {
        const output = outputs[i]!;
        if (typeof logprobs !== "number") expect(output.logprobs).toBeNull();
        else expectLogprobs(output, logprobs, promptLogprobs ?? null);
        if (promptLogprobs === undefined) expect(output.promptLogprobs).toBeNull();
        else
          expect(output.promptLogprobs!.slice(1).every((position) => position!.top.length === promptLogprobs)).toBe(
            true,
          );
      }
    });

    test("are those before temperature and filters, of the token that was sampled", async () => {
      const params = { temperature: 1.7, topK: 30, seed: 5, ignoreEos: true, maxTokens: 16, logprobs: 4 };
      const output = await llm.generate(prompts[2]!, params);
      expectLogprobs(output, 4, null);
      expect(output.logprobs!.some(({ rank }) => rank > 1)).toBe(true);
    });

    test("do not change the tokens, greedy or sampled", async () => {
      for (const params of [GREEDY, { temperature: 1, seed: 3, ignoreEos: true }]) {
        const without = await llm.generate(prompts, { ...params, maxTokens: 18 });
        const withThem = await llm.generate(prompts, { ...params, maxTokens: 18, logprobs: 3, promptLogprobs: 1 });
        expect(withThem.map(({ tokenIds }) => tokenIds)).toEqual(without.map(({ tokenIds }) => tokenIds));
      }
    });

    test("alone = batched, to the bit", async () => {
      const params = { ...GREEDY, maxTokens: 12, logprobs: 6, promptLogprobs: 2 };
      const together = await llm.generate(prompts, params);
      for (const [i, prompt] of prompts.entries()) {
        const alone = await llm.generate(prompt, params);
        expect(together[i]!.logprobs).toEqual(alone.logprobs);
        expect(together[i]!.promptLogprobs).toEqual(alone.promptLogprobs);
      }
    });

    /** What of one position must be: exactly the tokens that were named. */
    function expectNamed(output: RequestOutput, ids: readonly number[]): void {
      for (const { tokenIds, logprobs } of output.outputs) {
        const logits = logitsOf([...output.promptTokenIds, ...tokenIds]);
        expect(logprobs).toHaveLength(tokenIds.length);
        for (const [i, position] of logprobs!.entries()) {
          const own = logits[output.promptTokenIds.length - 1 + i]!;
          const all = logSoftmax(own);
          expectPosition({ ...position, top: [] }, own, tokenIds[i]!, 0, tolerance);
          expect(position.top.map(({ tokenId }) => tokenId)).toEqual(ids);
          for (const entry of position.top) expectPosition({ ...entry, top: [] }, own, entry.tokenId, 0, tolerance);
          expect(Math.min(...position.top.map(({ logprob }) => logprob))).toBeGreaterThan(Math.min(...all) - tolerance);
        }
      }
    }

    test("of named tokens, other ones and another number in each request of a batch", async () => {
      const wishes = [[95], [0, 7, 7, 40, 12], Array.from({ length: 96 }, (_, i) => 95 - i)];
      const params = { temperature: 1.2, seed: 4, ignoreEos: true, maxTokens: 9 };
      const plain = llm.generate(prompts[3]!, { ...params, logprobs: 2 });
      const outputs = await Promise.all(
        wishes.map((logprobTokenIds, i) =>
          llm.generate(prompts[i]!, { ...params, logprobTokenIds, promptLogprobs: 1 }),
        ),
      );
      for (const [i, ids] of wishes.entries()) expectNamed(outputs[i]!, ids);
      expectLogprobs(await plain, 2, null);
      for (const position of outputs[1]!.promptLogprobs!.slice(1)) expect(position!.top).toHaveLength(1);
      const alone = await llm.generate(prompts[1]!, { ...params, logprobTokenIds: wishes[1]! });
      expect(alone.logprobs).toEqual(outputs[1]!.logprobs);
    });

    test("of named tokens with n and best_of; an empty list asks for nothing", async () => {
      const params = { seed: 8, ignoreEos: true, maxTokens: 6, logprobTokenIds: [3, 90] };
      const all = await llm.generate(prompts[2]!, { ...params, n: 3 });
      expectNamed(all, [3, 90]);
      const best = await llm.generate(prompts[2]!, { ...params, n: 1, bestOf: 3 });
      expectNamed(best, [3, 90]);
      expect(best.cumulativeLogprob).toBe(Math.max(...all.outputs.map((output) => output.cumulativeLogprob!)));
      expect((await llm.generate([1], { maxTokens: 1, logprobTokenIds: [] })).logprobs).toBeNull();
    });

    test("of named tokens while drafts are verified are those without", async () => {
      const prompt = Array.from({ length: 40 }, (_, t) => [5, 6, 7, 8][t % 4]!);
      const params = { ...GREEDY, maxTokens: 30, logprobTokenIds: [5, 60] };
      const speculativeConfig = { method: "ngram", numSpeculativeTokens: 3 } as const;
      await using drafting = await load({ speculativeConfig });
      const output = await drafting.generate(prompt, params);
      expect(drafting.stats.numDraftTokens).toBeGreaterThan(0);
      expectNamed(output, [5, 60]);
      expect(output.tokenIds).toEqual((await llm.generate(prompt, params)).tokenIds);
    });

    test("a prompt that wants logprobs is computed whole, and others may reuse it", async () => {
      const prompt = Array.from({ length: 50 }, (_, t) => (t * 29 + 1) % 96);
      const params = { ...GREEDY, maxTokens: 2 };
      const first = await llm.generate(prompt, { ...params, promptLogprobs: 1 });
      const second = await llm.generate(prompt, { ...params, promptLogprobs: 1 });
      expect([first.numCachedTokens, second.numCachedTokens]).toEqual([0, 0]);
      expect(second.promptLogprobs).toEqual(first.promptLogprobs);
      expect((await llm.generate(prompt, params)).numCachedTokens).toBeGreaterThan(0);
    });

    test("n outputs, each as if its choice had been submitted alone", async () => {
      const prompt = prompts[3]!;
      const params = { seed: 8, ignoreEos: true, maxTokens: 10, logprobs: 2 };
      const output = await llm.generate(prompt, { ...params, n: 4, promptLogprobs: 0 });
      expectLogprobs(output, 2, 0);
      expect(output.outputs.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
      expect(output.tokenIds).toEqual(output.outputs[0]!.tokenIds);
      expect(new Set(output.outputs.map(({ tokenIds }) => tokenIds.join())).size).toBe(4);
      for (const { index, tokenIds } of output.outputs) {
        const alone: number[] = [];
        for await (const chunk of llm.submit({ prompt, params, choice: index })) alone.push(...chunk.tokenIds);
        expect(tokenIds, `choice ${index}`).toEqual(alone);
      }
      const streamed = new Map<number, number[]>();
      for await (const { index, tokenIds } of llm.generate(prompt, { ...params, n: 3 })) {
        streamed.set(index, [...(streamed.get(index) ?? []), ...tokenIds]);
      }
      expect([...streamed.keys()].sort()).toEqual([0, 1, 2]);
      for (const [index, tokens] of streamed) expect(tokens).toEqual(output.outputs[index]!.tokenIds);
    });

    test("the outputs share their prompt's blocks", async () => {
      const prompt = Array.from({ length: 40 }, (_, t) => (t * 23 + 7) % 96);
      await llm.resetPrefixCache();
      const before = llm.stats.stepTokens.sum;
      await llm.generate(prompt, { n: 3, maxTokens: 4, ignoreEos: true });
      // The prompt once, its last token again for the two others, and three of each one's four tokens.
      expect(llm.stats.stepTokens.sum - before).toBe(40 + 2 + 3 * 3);
    });

    test("leaving a loop over n outputs ends all of them", async () => {
      for await (const _ of llm.generate(prompts[1]!, { n: 5, maxTokens: 100, ignoreEos: true })) break;
      await llm.idle();
      await expect.poll(() => llm.stats.numRunning + llm.stats.numWaiting).toBe(0);
      expect(llm.stats.kvBlocksUsed).toBe(0);
    });
  });

  test("survive preemption: what a prompt gave is not given again", async () => {
    const params = { ...GREEDY, maxTokens: 60, logprobs: 1, promptLogprobs: 1 };
    await using roomy = await load();
    const expected = await roomy.generate(prompts, params);
    // Blocks for one whole request and a little more.
    const blockBytes = roomy.info.kvCacheBytes / roomy.info.numBlocks;
    await using llm = await load({ kvCacheMemoryBytes: blockBytes * (2 + Math.ceil(128 / roomy.info.blockSize)) });
    const outputs = await llm.generate(prompts, params);
    expect(llm.stats.numPreemptions).toBeGreaterThan(0);
    for (const [i, output] of outputs.entries()) {
      expect(output.tokenIds).toEqual(expected[i]!.tokenIds);
      expect(output.promptLogprobs).toEqual(expected[i]!.promptLogprobs);
      expect(output.logprobs).toEqual(expected[i]!.logprobs);
    }
  });

  test("the engine's limit, and none at all", async () => {
    await using llm = await load({ maxLogprobs: 2 });
    expect((await llm.generate([1, 2], { maxTokens: 2, logprobs: 2 })).logprobs![0]!.top).toHaveLength(2);
    expect(() => llm.generate([1, 2], { logprobs: 3 })).toThrow(/logprobs is 3, this engine shows at most 2/);
    expect(() => llm.submit({ prompt: [1, 2], params: { n: 2 } })).toThrow(/submit one request for each choice/);
    await using none = await load({ maxLogprobs: 0 });
    const { logprobs } = await none.generate([1, 2], { maxTokens: 2, logprobs: 0 });
    expect(logprobs!.map(({ top }) => top.length)).toEqual([0, 0]);
  });
}
