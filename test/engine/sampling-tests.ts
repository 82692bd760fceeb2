// Every sampling parameter against plain loops, all requests of a test at once. Any device.
import type { Backend } from "@octavo/core";
import {
  type EngineOptions,
  LLM,
  LOGPROBS_MODES,
  type LogprobsMode,
  type RequestOutput,
  type SamplingParams,
} from "@octavo/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logSoftmax, type OracleRequest, type OracleStep, oracle } from "./sampling-oracle.js";

/** With a tokenizer, for bad words. */
const folder = new URL("../fixtures/models/llama-mha", import.meta.url).pathname;

export interface SamplingDevice {
  /** With them a request's result must depend on nothing but itself. */
  readonly options: EngineOptions;
  createBackend(): Backend;
  /** How far logprobs may be from those of the plain loops. */
  readonly tolerance: number;
}

const promptOf = (length: number, i: number) => Array.from({ length }, (_, t) => 5 + ((t * 37 + 11 * i) % 200));

export function samplingTests({ options, createBackend, tolerance }: SamplingDevice): void {
  const load = (extra: EngineOptions = {}) =>
    LLM.load(folder, {
      dtype: "float32",
      thread: false,
      maxModelLen: 128,
      maxNumSeqs: 6,
      maxNumBatchedTokens: 24,
      maxLogprobs: -1,
      ...options,
      ...extra,
    });

  function expected(requests: readonly OracleRequest[]): OracleStep[][] {
    using backend = createBackend();
    return requests.map((request) => oracle(folder, backend, request));
  }

  const tokensOf = (steps: readonly OracleStep[]) => steps.map(({ token }) => token);

  describe("tokens", () => {
    let llm: LLM;
    beforeAll(async () => {
      llm = await load();
    });
    afterAll(() => llm.dispose());

    /** Runs all requests side by side, each of which must give what the plain loops give it alone. */
    async function compare(requests: readonly OracleRequest[]): Promise<OracleStep[][]> {
      const steps = expected(requests);
      const outputs = await Promise.all(requests.map(({ prompt, params }) => llm.generate(prompt, params)));
      for (const [i, { params }] of requests.entries()) {
        expect(outputs[i]!.tokenIds, JSON.stringify(params)).toEqual(tokensOf(steps[i]!));
      }
      return steps;
    }

    const greedy = { temperature: 0, ignoreEos: true, maxTokens: 24 };
    const sampled = { temperature: 0.9, seed: 2 ** 40 + 7, ignoreEos: true, maxTokens: 24 };

    test.each<[string, SamplingParams]>([
      ["presence_penalty", { presencePenalty: 1.5 }],
      ["presence_penalty below 0", { presencePenalty: -0.5 }],
      ["frequency_penalty", { frequencyPenalty: 0.7 }],
      ["repetition_penalty", { repetitionPenalty: 1.4 }],
      ["repetition_penalty below 1", { repetitionPenalty: 0.8 }],
      ["logit_bias", { logitBias: { 11: 3, 12: -100, 40: 0.5, 99: 250 } }],
      ["allowed_token_ids", { allowedTokenIds: [7, 19, 63, 64, 65, 200, 287] }],
      [
        "all of them",
        {
          presencePenalty: 0.3,
          frequencyPenalty: 0.4,
          repetitionPenalty: 1.2,
          logitBias: { 30: 1, 31: -1 },
          allowedTokenIds: Array.from({ length: 150 }, (_, i) => 3 + i),
        },
      ],
    ])("%s, greedy and sampled", async (_, params) => {
      const kinds = [greedy, sampled, { ...sampled, topK: 12, topP: 0.8, minP: 0.02 }];
      const requests = kinds.flatMap((kind, i) =>
        [3, 40].map((length) => ({ prompt: promptOf(length, i), params: { ...kind, ...params } })),
      );
      const steps = await compare(requests);
      const plain = expected(requests.map(({ prompt }, i) => ({ prompt, params: kinds[Math.floor(i / 2)]! })));
      expect(steps.map(tokensOf), "the parameter changes nothing").not.toEqual(plain.map(tokensOf));
    });

    test("min_tokens keeps end tokens, stop tokens and stop strings away", async () => {
      const prompt = promptOf(9, 1);
      const [plain] = expected([{ prompt, params: greedy }]);
      const tokens = tokensOf(plain!);
      const params = { ...greedy, stopTokenIds: [tokens[1]!, tokens[4]!] };
      expect((await llm.generate(prompt, params)).tokenIds).toEqual(tokens.slice(0, 1 + tokens.indexOf(tokens[1]!)));
      const requests = [1, 3, 8, 24].map((minTokens) => ({ prompt, params: { ...params, minTokens } }));
      for (const [i, steps] of (await compare(requests)).entries()) {
        expect(steps.length).toBeGreaterThanOrEqual([1, 3, 8, 24][i]!);
      }
      const end = llm.tokenizer.eosTokenId!;
      const endTokenIds = [2, end];
      const wantsEnd = { temperature: 0, maxTokens: 12, logitBias: { [end]: 100 } };
      expect((await llm.generate(prompt, wantsEnd)).tokenIds).toEqual([end]);
      const [kept] = await compare([{ prompt, params: { ...wantsEnd, minTokens: 5 }, endTokenIds }]);
      expect(kept!.map(({ token }) => token === end)).toEqual([false, false, false, false, false, true]);
    });

    test("bad_words of one and several tokens, alone and after a space", async () => {
      const prompt = promptOf(9, 2);
      const plain = tokensOf(expected([{ prompt, params: greedy }])[0]!);
      const badWords: string[] = [];
      const badWordIds: number[][] = [];
      // Words that would come otherwise: a single token, two in a row, three in a row.
      for (const [from, to] of [
        [2, 3],
        [5, 7],
        [9, 12],
      ] as const) {
        const word = llm.tokenizer.decode(plain.slice(from, to), { skipSpecialTokens: false });
        const ids = ["", " "].map((space) => [
          ...llm.tokenizer.encode(space + word.trimStart(), { addSpecialTokens: false }),
        ]);
        if (word === "" || ids[0]!.some((id) => id >= llm.info.vocabSize)) continue;
        badWords.push(word);
        badWordIds.push(ids[0]!);
        badWordIds.push(ids[1]!);
      }
      expect(badWordIds.length).toBeGreaterThan(1);
      const steps = await compare([
        { prompt, params: { ...greedy, badWords }, badWordIds },
        { prompt, params: { ...sampled, badWords }, badWordIds },
      ]);
      expect(badWordIds.some((ids) => ids.length > 1)).toBe(true);
      expect(tokensOf(steps[0]!)).not.toEqual(plain);
    });

    test("requests with and without share steps, and what a row had is gone with its owner", async () => {
      const kinds: SamplingParams[] = [
        {},
        { presencePenalty: 2 },
        { allowedTokenIds: [9, 10] },
        { logitBias: { 20: 100 } },
        {},
      ];
      const requests = Array.from({ length: 20 }, (_, i) => {
        return {
          prompt: promptOf(2 + i, i),
          params: { ...(i % 2 ? greedy : sampled), ...kinds[i % kinds.length], maxTokens: 4 + i },
        };
      });
      await compare(requests);
    });

    test("stop strings end an output, but not before min_tokens; with and without the string itself", async () => {
      const prompt = promptOf(7, 5);
      const plain = await llm.generate(prompt, greedy);
      const texts = plain.tokenIds.map((_, i) => llm.tokenizer.decode(plain.tokenIds.slice(0, i + 1)));
      const stop = texts[5]!.slice(-2);
      const first = 1 + texts.findIndex((text) => text.includes(stop));
      const stopped = await llm.generate(prompt, { ...greedy, stop });
      expect(stopped).toMatchObject({
        finishReason: "stop",
        stopReason: stop,
        text: plain.text.slice(0, plain.text.indexOf(stop)),
      });
      expect(stopped.tokenIds).toHaveLength(first);
      const kept = await llm.generate(prompt, { ...greedy, stop: ["never in it", stop], includeStopStrInOutput: true });
      expect(kept.text).toBe(stopped.text + stop);
      const past = await llm.generate(prompt, { ...greedy, stop, minTokens: first });
      expect(past.tokenIds.length).toBeGreaterThan(first);
      expect(past.text.startsWith(kept.text)).toBe(true);
    });

    test("an output that goes round in circles ends, drafts or none", async () => {
      const prompt = promptOf(4, 1);
      const circles = { ...greedy, allowedTokenIds: [9], maxTokens: 20 };
      const cases: [SamplingParams, number, string][] = [
        [{ repetitionDetection: { maxPatternSize: 1, minCount: 5 } }, 5, "repetition"],
        [{ repetitionDetection: { maxPatternSize: 3, minPatternSize: 3, minCount: 4 } }, 12, "repetition"],
        [{ repetitionDetection: { maxPatternSize: 1, minCount: 5 }, minTokens: 9 }, 9, "repetition"],
        [{ repetitionDetection: { maxPatternSize: 1, minCount: 21 } }, 20, "length"],
        [{ repetitionDetection: { maxPatternSize: 0 } }, 20, "length"],
      ];
      const speculativeConfig = { method: "ngram", numSpeculativeTokens: 4 } as const;
      await using drafting = await load({ speculativeConfig });
      for (const engine of [llm, drafting]) {
        for (const [params, length, finishReason] of cases) {
          const output = await engine.generate(prompt, { ...circles, ...params });
          expect([output.tokenIds.length, output.finishReason], JSON.stringify(params)).toEqual([length, finishReason]);
          expect(output.stopReason).toBe(finishReason === "repetition" ? "repetition_detected" : null);
        }
        expect(engine.stats.kvBlocksUsed).toBe(0);
      }
    });

    test("truncated prompts are those without their beginning, or end", async () => {
      const prompt = promptOf(60, 6);
      const params = { ...greedy, maxTokens: 8 };
      const same = async (truncation: SamplingParams, rest: readonly number[]) => {
        const output = await llm.generate(prompt, { ...params, ...truncation });
        expect([...output.promptTokenIds]).toEqual(rest);
        expect(output.tokenIds).toEqual((await llm.generate(rest, params)).tokenIds);
      };
      await same({ truncatePromptTokens: 20 }, prompt.slice(-20));
      await same({ truncatePromptTokens: 20, truncationSide: "right" }, prompt.slice(0, 20));
      await same({ truncatePromptTokens: 60 }, prompt);
      const long = Array.from({ length: 500 }, (_, i) => 5 + (i % 100));
      expect(() => llm.generate(long, params)).toThrow(/truncate_prompt_tokens/);
      const cut = await llm.generate(long, { ...params, truncatePromptTokens: -1 });
      expect([...cut.promptTokenIds]).toEqual(long.slice(-120));
      expect(() => llm.generate(prompt, { truncatePromptTokens: 0 })).toThrow(/truncate_prompt_tokens must be/);
    });

    test("a request that no token is left for ends with an error that says why", async () => {
      const params = { ...greedy, allowedTokenIds: [7], minTokens: 3, stopTokenIds: [7] };
      await expect(llm.generate([1, 2], params)).rejects.toThrow(/no token was left to pick: allowed_token_ids/);
      expect((await llm.generate([1, 2], greedy)).tokenIds).toHaveLength(24);
    });

    test("-1 and 0 for top_k are all tokens; temperature below 0.01 is 0.01", async () => {
      const prompt = promptOf(5, 3);
      const tokens = await Promise.all(
        [{ topK: 0 }, { topK: -1 }, {}].map((topK) => llm.generate(prompt, { ...sampled, ...topK })),
      );
      expect(tokens[1]!.tokenIds).toEqual(tokens[0]!.tokenIds);
      expect(tokens[2]!.tokenIds).toEqual(tokens[0]!.tokenIds);
      const cold = await Promise.all(
        [1e-6, 0.01].map((temperature) => llm.generate(prompt, { ...sampled, temperature })),
      );
      expect(cold[0]!.tokenIds).toEqual(cold[1]!.tokenIds);
    });
  });

  describe.each(LOGPROBS_MODES)("logprobs, %s", (logprobsMode: LogprobsMode) => {
    let llm: LLM;
    beforeAll(async () => {
      llm = await load({ logprobsMode });
    });
    afterAll(() => llm.dispose());

    const ofStep = ({ raw, processed }: OracleStep): number[] => {
      const logits = logprobsMode.startsWith("raw") ? Array.from(raw) : processed;
      return logprobsMode.endsWith("logits") ? logits : logSoftmax(logits);
    };

    function expectClose(actual: number, wanted: number): void {
      if (Number.isFinite(wanted)) expect(Math.abs(actual - wanted)).toBeLessThan(tolerance);
      else expect(actual).toBe(wanted);
    }

    function expectLogprobs({ tokenIds, logprobs }: RequestOutput, steps: readonly OracleStep[], count: number): void {
      expect(tokenIds).toEqual(tokensOf(steps));
      steps.forEach((step, i) => {
        const values = ofStep(step);
        const { logprob, tokenId, top } = logprobs![i]!;
        expect(tokenId).toBe(step.token);
        expectClose(logprob, values[step.token]!);
        expect(top).toHaveLength(count);
        const best = [...values].sort((a, b) => b - a || 0);
        for (const [rank, entry] of top.entries()) {
          expectClose(entry.logprob, best[rank]!);
          expectClose(entry.logprob, values[entry.tokenId]!);
        }
        expect(new Set(top.map((entry) => entry.tokenId)).size).toBe(count);
      });
    }

    test("of requests with penalties, edits, temperature and filters, up to the vocabulary", async () => {
      const base = { ignoreEos: true, maxTokens: 10, seed: 3 };
      const kinds: [SamplingParams, number][] = [
        [{ temperature: 0, presencePenalty: 1.5, logitBias: { 12: 4 } }, 5],
        [{ temperature: 0.7, topK: 9, repetitionPenalty: 1.3 }, -1],
        [{ temperature: 1.3, topP: 0.7, allowedTokenIds: Array.from({ length: 90 }, (_, i) => 2 * i) }, 3],
        [{ temperature: 0 }, 0],
        [{ temperature: 1, minP: 0.01 }, 288],
      ];
      const requests = kinds.map(([params], i) => ({ prompt: promptOf(3 + 8 * i, i), params: { ...base, ...params } }));
      const steps = expected(requests);
      const outputs = await Promise.all(
        requests.map(({ prompt, params }, i) => llm.generate(prompt, { ...params, logprobs: kinds[i]![1] })),
      );
      outputs.forEach((output, i) => {
        expectLogprobs(output, steps[i]!, kinds[i]![1] === -1 ? llm.info.vocabSize : kinds[i]![1]);
      });
    });

    test("of prompts nothing is processed", async () => {
      const prompt = promptOf(20, 4);
      const params = {
        temperature: 0.5,
        topK: 3,
        presencePenalty: 2,
        ignoreEos: true,
        maxTokens: 1,
        promptLogprobs: -1,
      };
      const { promptLogprobs } = await llm.generate(prompt, params);
      const steps = expected(
        prompt.slice(1).map((_, i) => ({ prompt: prompt.slice(0, i + 1), params: { temperature: 0, maxTokens: 1 } })),
      );
      steps.forEach(([step], i) => {
        const logits = Array.from(step!.raw);
        const values = logprobsMode.endsWith("logits") ? logits : logSoftmax(logits);
        const { top, logprob } = promptLogprobs![i + 1]!;
        expect(top).toHaveLength(llm.info.vocabSize);
        expectClose(logprob, values[prompt[i + 1]!]!);
        for (const entry of top) expectClose(entry.logprob, values[entry.tokenId]!);
      });
    });
  });
}
