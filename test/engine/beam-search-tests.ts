// Beams against transformers' num_beams and vLLM's algorithm in plain loops (test/fixtures/make-beam-golden.py). Any device.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BeamSearchParams, type EngineOptions, LLM } from "@octavo/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface GoldenBeam {
  readonly tokens: number[];
  readonly sum: number;
  readonly score: number;
}

interface BeamCase {
  readonly model: string;
  readonly prompt: number[];
  readonly width: number;
  readonly ends: number[];
  readonly maxTokens: number;
  readonly lengthPenalty: number;
  readonly beams: GoldenBeam[];
  readonly transformers?: Omit<GoldenBeam, "score">[];
}

const fixtures = new URL("../fixtures/", import.meta.url).pathname;
const cases: BeamCase[] = JSON.parse(readFileSync(join(fixtures, "beam-golden.json"), "utf8")).cases;
const FAR = 2e-4; // sums of 12 logprobs, computed in another order

export function beamSearchTests(options: EngineOptions): void {
  const load = (folder: string, extra: EngineOptions = {}) =>
    LLM.load(folder, {
      dtype: "float32",
      thread: false,
      maxModelLen: 64,
      maxNumSeqs: 8,
      skipTokenizerInit: true,
      ...options,
      ...extra,
    });

  /** A model with end tokens of our own. */
  async function withEnds<Result>(model: string, ends: readonly number[], use: (llm: LLM) => Promise<Result>) {
    const folder = mkdtempSync(join(tmpdir(), "octavo-beams-"));
    try {
      cpSync(join(fixtures, "models", model), folder, { recursive: true });
      const config = ends.length > 0 ? { eos_token_id: ends } : {};
      writeFileSync(join(folder, "generation_config.json"), JSON.stringify(config));
      await using llm = await load(folder);
      return await use(llm);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const keys = new Set(cases.map(({ model, ends }) => JSON.stringify([model, ends])));
  test.each([...keys].map((key) => JSON.parse(key) as [string, number[]]))(
    "beams of %s, ends %j",
    async (model, ends) => {
      const own = cases.filter((one) => one.model === model && String(one.ends) === String(ends));
      await withEnds(model, ends, async (llm) => {
        for (const { prompt, width, maxTokens, lengthPenalty, beams, transformers } of own) {
          const params: BeamSearchParams = { beamWidth: width, maxTokens, lengthPenalty, ignoreEos: ends.length === 0 };
          const found = (await llm.beamSearch(prompt, params)).beams;
          const where = JSON.stringify({ prompt, ...params });
          expect(
            found.map(({ tokenIds }) => tokenIds),
            where,
          ).toEqual(beams.map(({ tokens }) => tokens));
          if (transformers)
            expect(found.map(({ tokenIds }) => tokenIds)).toEqual(transformers.map(({ tokens }) => tokens));
          for (const [i, beam] of found.entries()) {
            expect(Math.abs(beam.cumulativeLogprob - beams[i]!.sum)).toBeLessThan(FAR);
            expect(Math.abs(beam.score - beams[i]!.score)).toBeLessThan(FAR);
            if (transformers) expect(Math.abs(beam.cumulativeLogprob - transformers[i]!.sum)).toBeLessThan(FAR);
            expect(beam.index).toBe(i);
            expect(beam.finishReason).toBe(ends.includes(beam.tokenIds.at(-1)!) ? "stop" : "length");
            expect(beam.logprobs.map(({ tokenId }) => tokenId)).toEqual(beam.tokenIds);
          }
        }
        await llm.idle();
      });
    },
  );

  describe("LLM.beamSearch", () => {
    let llm: LLM;
    beforeAll(async () => {
      llm = await load(join(fixtures, "models/llama-mha"), { skipTokenizerInit: false });
    });
    afterAll(() => llm.dispose());

    test("of width 1 is the greedy output, with its text", async () => {
      const params = { maxTokens: 14, ignoreEos: true };
      const greedy = await llm.generate("the", { ...params, temperature: 0 });
      const { beams } = await llm.beamSearch("the", { ...params, beamWidth: 1 });
      expect(beams).toMatchObject([{ text: greedy.text, tokenIds: greedy.tokenIds, finishReason: "length" }]);
    });

    test("finds outputs that are at least as likely as the greedy one", async () => {
      const params = { maxTokens: 10, ignoreEos: true };
      const greedy = await llm.generate([5, 6, 7], { ...params, temperature: 0, logprobs: 0 });
      const { beams, promptTokenIds } = await llm.beamSearch([5, 6, 7], { ...params, beamWidth: 6 });
      expect([...promptTokenIds]).toEqual([5, 6, 7]);
      expect(beams).toHaveLength(6);
      expect(new Set(beams.map(({ tokenIds }) => String(tokenIds))).size).toBe(6);
      expect(beams[0]!.cumulativeLogprob).toBeGreaterThanOrEqual(greedy.cumulativeLogprob! - FAR);
    });

    test("what cannot be is refused by name", async () => {
      const refusal = (params: BeamSearchParams) => llm.beamSearch([1, 2], params);
      await expect(refusal({ beamWidth: 0 })).rejects.toMatchObject({ param: "beam_width" });
      await expect(refusal({ beamWidth: 11 })).rejects.toThrow(
        /beam_width is 11: .* need 22 logprobs a token.*at most 20.*max_logprobs/,
      );
      await expect(refusal({ maxTokens: 0 })).rejects.toMatchObject({ param: "max_tokens" });
      await expect(refusal({ lengthPenalty: Number.NaN })).rejects.toMatchObject({ param: "length_penalty" });
      await expect(refusal({ temperature: 1 } as BeamSearchParams)).rejects.toThrow(/unknown beam search parameter/);
      await expect(llm.beamSearch([], {})).rejects.toMatchObject({ param: "prompt" });
      await using logits = await load(join(fixtures, "models/llama-mha"), { logprobsMode: "raw_logits" });
      await expect(logits.beamSearch([1], {})).rejects.toMatchObject({ param: "logprobs_mode" });
    });

    test.each([true, false])(
      "computes each token of each beam once, prefix caching %s",
      async (enablePrefixCaching) => {
        await using own = await load(join(fixtures, "models/llama-mha"), {
          enablePrefixCaching,
          skipTokenizerInit: false,
        });
        const prompt = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
        const { beams } = await own.beamSearch(prompt, { beamWidth: 4, maxTokens: 30, ignoreEos: true });
        expect(beams).toEqual((await llm.beamSearch(prompt, { beamWidth: 4, maxTokens: 30, ignoreEos: true })).beams);
        expect(own.stats.stepTokens.sum).toBe(prompt.length + 4 * 29);
        await own.collectiveRpc("checkInvariants");
        expect(own.stats.kvBlocksUsed).toBe(0);
      },
    );

    test("finds the same beams where the cache has no room to keep blocks", async () => {
      const params = { beamWidth: 4, maxTokens: 30, ignoreEos: true };
      const kvCacheMemoryBytes = 7 * (llm.info.kvCacheBytes / llm.info.numBlocks);
      await using own = await load(join(fixtures, "models/llama-mha"), {
        kvCacheMemoryBytes,
        skipTokenizerInit: false,
      });
      expect(own.info.numBlocks).toBe(7);
      expect(await own.beamSearch([5, 6, 7], params)).toEqual(await llm.beamSearch([5, 6, 7], params));
      expect(own.stats.kvBlocksUsed).toBe(0);
    });

    test("a signal ends it", async () => {
      const abort = new AbortController();
      const search = llm.beamSearch([1, 2], { maxTokens: null, ignoreEos: true }, { signal: abort.signal });
      setTimeout(() => abort.abort(), 10);
      const { beams } = await search;
      expect(beams.every(({ finishReason }) => finishReason === "abort")).toBe(true);
      await llm.idle();
    });
  });

  describe("best_of", () => {
    let llm: LLM;
    beforeAll(async () => {
      llm = await load(join(fixtures, "models/llama-mha"));
    });
    afterAll(() => llm.dispose());
    const params = { seed: 5, ignoreEos: true, maxTokens: 8 };

    test("returns the n of the highest cumulative logprob, best first", async () => {
      const all = (await llm.generate([3, 4], { ...params, n: 6, logprobs: 0 })).outputs;
      const ranked = [...all].sort((a, b) => b.cumulativeLogprob! - a.cumulativeLogprob!);
      const output = await llm.generate([3, 4], { ...params, n: 2, bestOf: 6 });
      expect(output.outputs.map(({ tokenIds }) => tokenIds)).toEqual(
        ranked.slice(0, 2).map(({ tokenIds }) => tokenIds),
      );
      expect(output.outputs.map(({ index, logprobs }) => [index, logprobs])).toEqual([
        [0, null],
        [1, null],
      ]);
      expect(output.outputs[0]!.cumulativeLogprob).toBe(ranked[0]!.cumulativeLogprob);
      expect(output.tokenIds).toEqual(ranked[0]!.tokenIds);
      const shown = await llm.generate([3, 4], { ...params, bestOf: 6, logprobs: 2 });
      expect(shown.logprobs![0]!.top).toHaveLength(2);
    });

    test("cannot be streamed, nor be less than n", async () => {
      const stream = llm.generate([3, 4], { ...params, bestOf: 2 });
      expect(() => stream[Symbol.asyncIterator]()).toThrow(/best_of above n cannot be streamed/);
      await stream;
      expect(() => llm.generate([3, 4], { n: 3, bestOf: 2 })).toThrow(/best_of must be at least n/);
      expect(() => llm.submit({ prompt: [3], params: { bestOf: 2 } })).toThrow(/submit one request for each choice/);
    });
  });

  describe("a beam search as a request", () => {
    let llm: LLM;
    beforeAll(async () => {
      llm = await load(join(fixtures, "models/llama-mha"), { maxNumQueuedReqs: 4 });
    });
    afterAll(() => llm.dispose());
    const params = { beamWidth: 4, maxTokens: 40, ignoreEos: true };

    test("is let in as a whole: others that come meanwhile do not end it", async () => {
      const both = [llm.beamSearch([3, 4], params), llm.beamSearch([5, 6], params)];
      await llm.generate([7], { maxTokens: 2 }).catch(() => {});
      for (const { beams } of await Promise.all(both)) {
        expect(beams.map(({ tokenIds, finishReason }) => [tokenIds.length, finishReason])).toEqual(
          Array(4).fill([40, "length"]),
        );
      }
    });

    test("ends when its time is up, or when it is aborted, with what it has", async () => {
      const late = await llm.beamSearch([3, 4], params, { timeoutMs: 1 });
      expect(late.beams.length).toBeGreaterThan(0);
      expect(late.beams[0]).toMatchObject({ finishReason: "abort", stopReason: "timeout" });
      expect(late.beams[0]!.tokenIds.length).toBeLessThan(40);
      const search = llm.beamSearch([3, 4], params);
      await llm.pause({ mode: "abort" });
      expect((await search).beams[0]).toMatchObject({ finishReason: "abort", stopReason: null });
      await llm.resume();
      expect((await llm.beamSearch([3, 4], params)).beams[0]!.tokenIds).toHaveLength(40);
    });

    test.each([true, false])("a pause finds it between its steps, too; thread %s", async (thread) => {
      await using own = await load(join(fixtures, "models/llama-mha"), { thread });
      const { beams } = await own.beamSearch([3, 4], params);
      const later = async () => {
        const { steps } = own.stats;
        const search = own.beamSearch([3, 4], params);
        while (own.stats.steps < steps + 3) await new Promise((resolve) => setImmediate(resolve));
        return { search, isDone: search.then(() => true) };
      };
      const soon = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 50));

      const waited = await later();
      const paused = own.pause({ mode: "wait" });
      const held = own.beamSearch([3, 4], params);
      await paused;
      expect(await Promise.race([waited.isDone, soon()]), "wait: it has ended").toBe(true);
      expect((await waited.search).beams).toEqual(beams);
      expect(await Promise.race([held.then(() => true), soon()]), "what comes later is held").toBe(false);
      await own.resume();
      expect((await held).beams).toEqual(beams);

      const kept = await later();
      await own.pause({ mode: "keep" });
      expect(await Promise.race([kept.isDone, soon()])).toBe(false);
      await own.resume();
      expect((await kept.search).beams, "keep: it goes on").toEqual(beams);

      const aborted = await later();
      await own.pause({ mode: "abort" });
      const [best] = (await aborted.search).beams;
      expect(best).toMatchObject({ finishReason: "abort" });
      expect(best!.tokenIds.length).toBeLessThan(40);
      await own.resume();
      await own.idle();
      await own.collectiveRpc("checkInvariants");
      expect(own.stats.kvBlocksUsed).toBe(0);
    });
  });
}
