// The offline API on the real model: generate, chat, iteration, abort, limits, disposal; on its own thread and in this one.
import { OctavoError } from "@octavo/core";
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const hello = [{ role: "user", content: "Hello!" }];

describe.each([{ thread: true }, { thread: false }])("LLM, thread $thread", (options) => {
  let llm: LLM;
  const progress: [done: number, total: number][] = [];
  beforeAll(async () => {
    const onProgress = (done: number, total: number) => progress.push([done, total]);
    const sizes = { maxNumSeqs: 8, maxModelLen: 512, maxNumQueuedReqs: 64 };
    llm = await LLM.load(modelPath, { ...options, ...sizes }, { onProgress });
  });
  afterAll(() => llm.dispose());

  it("tells how far the loading is, up to the end", () => {
    const [done, total] = progress.at(-1)!;
    expect(done).toBe(total);
    expect(total).toBeGreaterThan(40);
    expect(progress.every(([done], i) => i === 0 || done > progress[i - 1]![0])).toBe(true);
  });

  it("generates text", async () => {
    const output = await llm.generate("Once upon a time", { temperature: 0, maxTokens: 12 });
    expect(output.tokenIds).toHaveLength(12);
    expect(output.finishReason).toBe("length");
    expect(output.text).toBe(llm.tokenizer.decode(output.tokenIds));
    expect(output.text.length).toBeGreaterThan(10);
  });

  it("streams the same text in pieces", async () => {
    const whole = await llm.chat(hello, { seed: 7 });
    let text = "";
    let pieces = 0;
    for await (const chunk of llm.chat(hello, { seed: 7 })) {
      text += chunk.text;
      pieces++;
    }
    expect(text).toBe(whole.text);
    expect(pieces).toBe(whole.tokenIds.length);
    expect(whole.finishReason).toBe("stop");
    expect(whole.stopReason).toBeNull();
  });

  it("gives the same tokens for a seed and others for another", async () => {
    const seeds = await Promise.all(
      [1, 1, 2].map((seed) => llm.generate("The fox", { seed, maxTokens: 24, temperature: 1 })),
    );
    expect(seeds[0]!.tokenIds).toEqual(seeds[1]!.tokenIds);
    expect(seeds[0]!.tokenIds).not.toEqual(seeds[2]!.tokenIds);
  });

  it("runs several prompts at once, in the order given", async () => {
    const params = { temperature: 0, maxTokens: 6 };
    const prompts = ["One day", "The cat", "In the garden"];
    const together = await llm.generate(prompts, params);
    for (const [i, prompt] of prompts.entries()) {
      expect(together[i]!.tokenIds).toEqual((await llm.generate(prompt, params)).tokenIds);
    }
  });

  it("stops at stop strings and stop tokens", async () => {
    const { text, tokenIds } = await llm.generate("Once upon a time", { temperature: 0, maxTokens: 40 });
    const stop = text.slice(9, 14);
    const byString = await llm.generate("Once upon a time", { temperature: 0, maxTokens: 40, stop });
    expect(byString).toMatchObject({ finishReason: "stop", stopReason: stop, text: text.slice(0, text.indexOf(stop)) });
    const withStop = await llm.generate("Once upon a time", {
      temperature: 0,
      maxTokens: 40,
      stop,
      includeStopStrInOutput: true,
    });
    expect(withStop.text).toBe(text.slice(0, text.indexOf(stop) + stop.length));
    const token = tokenIds[5]!;
    const byToken = await llm.generate("Once upon a time", { temperature: 0, maxTokens: 40, stopTokenIds: [token] });
    expect(byToken).toMatchObject({ finishReason: "stop", stopReason: token });
    expect(byToken.tokenIds).toEqual(tokenIds.slice(0, tokenIds.indexOf(token) + 1));
  });

  it("goes past the end token with ignoreEos", async () => {
    const output = await llm.chat(hello, { temperature: 0, ignoreEos: true, maxTokens: 120 });
    expect(output.tokenIds).toHaveLength(120);
  });

  it("frees row and blocks of an aborted request at once", async () => {
    for await (const chunk of llm.generate("Once", { maxTokens: 400, ignoreEos: true })) {
      if (chunk.tokenIds.length > 0) break;
    }
    await expect.poll(() => llm.stats).toMatchObject({ numRunning: 0, kvBlocksUsed: 0 });
    const controller = new AbortController();
    const stream = llm.submit({
      prompt: "Once",
      params: { maxTokens: 400, ignoreEos: true },
      signal: controller.signal,
    });
    controller.abort();
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.at(-1)).toMatchObject({ finishReason: "abort" });
    await llm.idle();
    await expect.poll(() => llm.stats).toMatchObject({ numRunning: 0, numWaiting: 0, kvBlocksUsed: 0 });
  });

  it("finds the beginning of an earlier prompt in the prefix cache", async () => {
    const prompt = Array.from({ length: 100 }, (_, i) => 100 + i);
    await llm.generate(prompt, { maxTokens: 1 });
    const again = await llm.generate([...prompt, 77], { maxTokens: 1 });
    expect(again.numCachedTokens).toBeGreaterThanOrEqual(80);
    expect(again.numCachedTokens).toBeLessThanOrEqual(100);
  });

  it.each([
    ["prompt", "", {}],
    ["prompt", [1, 2.5], {}],
    ["prompt", [1, 4096], {}],
    ["prompt", [-1], {}],
    ["prompt", Array.from({ length: 512 }, () => 5), {}],
    ["temperature", "Hi", { temperature: -1 }],
    ["temperature", "Hi", { temperature: Number.NaN }],
    ["top_p", "Hi", { topP: 0 }],
    ["top_k", "Hi", { topK: 1.5 }],
    ["min_p", "Hi", { minP: 2 }],
    ["max_tokens", "Hi", { maxTokens: 0 }],
    ["seed", "Hi", { seed: 0.5 }],
    ["stop", "Hi", { stop: [""] }],
    ["stop_token_ids", "Hi", { stopTokenIds: [5000] }],
  ])("refuses a bad %s by name", (param, prompt, params) => {
    expect(() => llm.submit({ prompt, params })).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT", param }),
    );
  });

  it("aborts the other prompts of a call when one is refused", async () => {
    const prompts = ["Once", "", "Twice"];
    await expect(llm.generate(prompts, { maxTokens: 300, ignoreEos: true })).rejects.toThrowError(/empty/);
    await llm.idle();
    await expect.poll(() => llm.stats).toMatchObject({ numRunning: 0, kvBlocksUsed: 0 });
  });

  it("takes more prompts in one call than may be in flight", async () => {
    const prompts = Array.from({ length: 150 }, (_, i) => Int32Array.of(5 + i, 6));
    const outputs = await llm.generate(prompts, { maxTokens: 2, temperature: 0, ignoreEos: true });
    expect(outputs.map((output) => output.promptTokenIds[0])).toEqual(prompts.map((prompt) => prompt[0]));
    expect(await llm.generate([])).toEqual([]);
  });

  it("refuses what is no prompt and what is no parameter", () => {
    for (const prompt of [undefined, null, 5, {}]) {
      expect(() => llm.generate(prompt as never)).toThrowError(/prompt must be text or a list of token ids/);
    }
    expect(() => llm.generate(new Int32Array(0))).toThrowError(/empty/);
    expect(() => llm.generate("Hi", { max_tokens: 3 } as never)).toThrowError(/write maxTokens/);
  });

  it("can be awaited or iterated, not both", async () => {
    const generation = llm.generate("Once", { maxTokens: 2 });
    for await (const _ of generation);
    await expect(generation).rejects.toThrowError(/awaited or iterated/);
    const awaited = llm.generate("Once", { maxTokens: 2 });
    expect((await awaited).tokenIds).toEqual((await awaited).tokenIds);
    expect(() => awaited[Symbol.asyncIterator]()).toThrowError(/awaited or iterated/);
  });

  it("leaves no listener on a signal behind", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    for await (const _ of llm.submit({ prompt: "Once", params: { maxTokens: 2 }, signal }));
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls[0]?.[1]).toBe(added.mock.calls[0]?.[1]);
  });

  it.each(["generate", "chat", "list"])("ends %s with the signal among its options", async (way) => {
    const params = { maxTokens: 400, ignoreEos: true };
    const { signal } = new AbortController();
    const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(20)]) };
    const [output] = await {
      generate: async () => [await llm.generate("Once", params, options)],
      chat: async () => [await llm.chat(hello, params, options)],
      list: () => llm.generate(["Once", "Twice"], params, options),
    }[way]!();
    expect(output!.finishReason).toBe("abort");
    expect(output!.tokenIds.length).toBeLessThan(400);
  });

  it("takes one signal for many requests without a warning of Node.js", async () => {
    const warnings: Error[] = [];
    const collect = (warning: Error) => warnings.push(warning);
    process.on("warning", collect);
    const { signal } = new AbortController();
    await llm.generate("Once", { n: 12, maxTokens: 2 }, { signal });
    process.off("warning", collect);
    expect(warnings).toEqual([]);
  });

  it("refuses more requests than the queue holds, and serves the others", async () => {
    const streams = Array.from({ length: 64 }, (_, i) => llm.generate([5 + i], { maxTokens: 2, ignoreEos: true }));
    expect(() => llm.generate("one more")).toThrowError(expect.objectContaining({ code: "QUEUE_FULL" }));
    for (const stream of streams) expect((await stream).tokenIds).toHaveLength(2);
  });
});

describe("LLM.load", () => {
  it("names what is wrong with a model folder or an option", async () => {
    for (const thread of [true, false]) {
      await expect(LLM.load("/no/such/model", { thread })).rejects.toThrowError(/\/no\/such\/model/);
      await expect(LLM.load(modelPath, { thread, maxModelLen: 4096 })).rejects.toThrowError(/max_model_len 4096.*2048/);
      await expect(LLM.load(modelPath, { thread, max_model_len: 9 } as never)).rejects.toThrowError(
        /write maxModelLen/,
      );
      await expect(LLM.load(modelPath, { thread, kvCacheMemoryBytes: 2 ** 20 })).rejects.toThrowError(
        /max_model_len to at most/,
      );
    }
  });

  it("fails running requests when disposed, and refuses new ones", async () => {
    const llm = await LLM.load(modelPath, { maxModelLen: 256, maxNumSeqs: 4 });
    const running = llm.generate("Once", { maxTokens: 200, ignoreEos: true });
    const failed = expect(Promise.resolve(running)).rejects.toThrowError(/disposed/);
    await llm.dispose();
    await failed;
    await llm.dispose();
    expect(() => llm.generate("Once")).toThrowError(OctavoError);
  });

  it("takes what requests leave out from its options", async () => {
    const options = {
      ...{ seed: 5n, streamInterval: 3, enableChunkedPrefill: false, maxModelLen: 256, maxNumSeqs: 4 },
      ...{ generationConfig: "vllm", overrideGenerationConfig: { topK: 50, maxNewTokens: 8 } },
    };
    const outputs: number[][][] = [];
    for (const thread of [true, false]) {
      await using llm = await LLM.load(modelPath, { ...options, thread });
      expect(llm.info).toMatchObject({ maxNumBatchedTokens: 2048, generationDefaults: { topK: 50, maxNewTokens: 8 } });
      expect(llm.info.generationDefaults).not.toHaveProperty("temperature");
      const chunks: (readonly number[])[] = [];
      const stream = llm.generate("The moon", { maxTokens: 99, ignoreEos: true });
      for await (const { tokenIds } of stream) chunks.push(tokenIds);
      expect(chunks.map(({ length }) => length)).toEqual([1, 3, 3, 1]);
      const { outputs: three } = await llm.generate("The moon", { n: 3, maxTokens: 8, ignoreEos: true });
      outputs.push([chunks.flat(), ...three.map(({ tokenIds }) => [...tokenIds])]);
    }
    expect(outputs[0]).toEqual(outputs[1]);
    expect(new Set(outputs[0]!.map(String)).size).toBe(4);
  });

  it("loads several engines side by side", async () => {
    const engines = await Promise.all([1, 2, 3].map(() => LLM.load(modelPath, { maxModelLen: 256, maxNumSeqs: 4 })));
    const params = { temperature: 0, maxTokens: 8 };
    const outputs = await Promise.all(engines.map((llm) => llm.generate("The moon", params)));
    expect(new Set(outputs.map((output) => output.text)).size).toBe(1);
    await Promise.all(engines.map((llm) => llm.dispose()));
  });
});
