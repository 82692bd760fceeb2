// Custom logits processors: from modules on the engine's thread, as functions in this one. Any device.
import { type EngineOptions, LLM, type LogitsProcessor, type SamplingParams } from "@octavo/engine";
import { createApp } from "@octavo/server";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

const folder = new URL("../fixtures/models/llama-gqa-tied", import.meta.url).pathname;
const module = new URL("../fixtures/logits-processors/even-tokens.mjs", import.meta.url).pathname;
const GREEDY: SamplingParams = { temperature: 0, ignoreEos: true, maxTokens: 12 };
const prompts = [3, 9, 20, 41].map((length, i) => Array.from({ length }, (_, t) => 3 + ((31 * t + 7 * i) % 300)));

export function logitsProcessorsTests(options: EngineOptions): void {
  const load = (extra: EngineOptions = {}) =>
    LLM.load(folder, {
      dtype: "float32",
      maxModelLen: 96,
      maxNumSeqs: 4,
      maxNumBatchedTokens: 24,
      skipTokenizerInit: true,
      ...options,
      ...extra,
    });

  describe.each([true, false])("from modules, thread %s", (thread) => {
    let llm: LLM;
    let plain: LLM;
    beforeAll(async () => {
      const logitsProcessors = [module, `${module}:counting`, `${module}:broken`];
      [llm, plain] = await Promise.all([load({ thread, logitsProcessors }), load({ thread })]);
    });
    afterAll(() => Promise.all([llm.dispose(), plain.dispose()]));

    test("apply to requests that ask for them; others are as without", async () => {
      const wishes = [{ even: true }, {}, { count: true }, null, { even: true }, { even: false }];
      const expected = await Promise.all(
        wishes.map((_, i) => plain.generate(prompts[i % 4]!, { ...GREEDY, maxTokens: 9 + i })),
      );
      const outputs = await Promise.all(
        wishes.map((extraArgs, i) => llm.generate(prompts[i % 4]!, { ...GREEDY, maxTokens: 9 + i, extraArgs })),
      );
      for (const [i, { tokenIds }] of outputs.entries()) {
        expect(tokenIds).toHaveLength(9 + i);
        if (i === 0 || i === 4) expect(tokenIds.filter((token) => token % 2 !== 0)).toEqual([]);
        else if (i === 2)
          expect(tokenIds).toEqual(tokenIds.map((_, at) => (prompts[2]!.at(-1)! + 1 + at) % llm.info.vocabSize));
        else expect(tokenIds).toEqual(expected[i]!.tokenIds);
      }
      expect(expected[0]!.tokenIds.some((token) => token % 2 !== 0)).toBe(true);
    });

    test("sampled tokens and logprobs: raw ones know nothing of a processor", async () => {
      const params = { temperature: 1.5, seed: 4, ignoreEos: true, maxTokens: 14, logprobs: 4, presencePenalty: 1 };
      const { tokenIds, logprobs } = await llm.generate(prompts[1]!, { ...params, extraArgs: { even: true } });
      expect(tokenIds.every((token) => token % 2 === 0)).toBe(true);
      expect(logprobs!.some(({ top }) => top.some(({ tokenId, logprob }) => tokenId % 2 === 1 && logprob > -100))).toBe(
        true,
      );
      const again = await llm.generate(prompts[1]!, { ...params, extraArgs: { even: true } });
      expect(again.logprobs).toEqual(logprobs);
    });

    test("a processor may refuse a request, with its own words", async () => {
      const refused = llm.generate(prompts[0]!, { ...GREEDY, extraArgs: { even: "yes" } });
      await expect(refused).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: "even must be true or false" });
    });

    test("one that fails ends its request and no other", async () => {
      const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
      const [bad, good] = await Promise.allSettled([
        llm.generate(prompts[0]!, { ...GREEDY, extraArgs: { broken: true } }),
        llm.generate(prompts[1]!, { ...GREEDY, extraArgs: { even: true } }),
      ]);
      expect(bad).toMatchObject({ status: "rejected", reason: { message: expect.stringMatching(/logits processor/) } });
      expect(good.status).toBe("fulfilled");
      await expect.poll(() => String(warned.mock.calls)).toMatch(/logits processor failed.*out of order/);
      warned.mockRestore();
    });

    test("over HTTP the arguments are vllm_xargs", async () => {
      const app = createApp(llm, { servedModelNames: ["m"] });
      const post = async (body: object) => {
        const response = await app.request("/v1/completions", { method: "POST", body: JSON.stringify(body) });
        return { status: response.status, json: (await response.json()) as Record<string, never> };
      };
      const body = { prompt: [5, 6], max_tokens: 5, return_token_ids: true };
      const { json } = await post({ ...body, vllm_xargs: { count: true } });
      expect(json).toMatchObject({ choices: [{ token_ids: [7, 8, 9, 10, 11] }] });
      expect(await post({ ...body, vllm_xargs: { even: 1 } })).toMatchObject({
        status: 400,
        json: { error: { param: "vllm_xargs", message: "even must be true or false" } },
      });
    });
  });

  test("functions in this thread, in their order, with depth 2, preemption and the prefix cache", async () => {
    const seen: string[] = [];
    const named =
      (name: string): LogitsProcessor =>
      ({ extraArgs, promptTokenIds, vocabSize }) => {
        expect([promptTokenIds.length > 0, vocabSize]).toEqual([true, 320]);
        if (!extraArgs.log) return null;
        return (logits, output) => {
          expect(logits).toHaveLength(vocabSize);
          seen.push(`${name}${output.length}`);
          logits[7 + (output.length % 3)] = 50;
        };
      };
    await using llm = await load({
      thread: false,
      logitsProcessors: [named("a"), named("b")],
      asyncScheduling: true,
      kvCacheMemoryBytes: 3 * 2 * 2 * 8 * 4 * 16 * 10,
    });
    const output = await llm.generate(prompts[0]!, { ...GREEDY, maxTokens: 3, extraArgs: { log: true } });
    expect(seen).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
    expect(output.tokenIds).toEqual([7, 8, 9]);
    const outputs = await llm.generate([...prompts, ...prompts], { ...GREEDY, maxTokens: 40, extraArgs: { log: 1 } });
    for (const { tokenIds } of outputs) expect(tokenIds).toEqual(tokenIds.map((_, i) => 7 + (i % 3)));
    expect(llm.stats.numPreemptions).toBeGreaterThan(0);
  });

  test("what cannot be loaded is an error that says so", async () => {
    const refusal = (extra: EngineOptions) => expect(load({ thread: false, ...extra })).rejects;
    const param = "logits_processors";
    await refusal({ logitsProcessors: ["./no-such-file.mjs"] }).toMatchObject({
      param,
      message: expect.stringMatching(/no-such-file/),
    });
    await refusal({ logitsProcessors: [`${module}:nothing`] }).toThrow(
      /exported as nothing; the module exports .*counting/,
    );
    await refusal({ logitsProcessors: [`${module}:notOne`] }).toThrow(/must be a function/);
    await refusal({ logitsProcessors: ["no-such-package-of-octavo"] }).toMatchObject({ param });
    await refusal({ logitsProcessors: [() => null], thread: true }).toThrow(/cannot go to the engine's thread/);
    await refusal({ logitsProcessors: [5 as unknown as string] }).toMatchObject({ param });
    await refusal({ logitsProcessors: module as unknown as string[] }).toMatchObject({ param });
  });
}
