// How requests are served, through LLM on the real model: pauses, deadlines, queue bounds, policies, calls; on its own thread and in
// this one.
import { OctavoError } from "@octavo/core";
import { type EngineOptions, LLM, type OutputChunk } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { describe, expect, test } from "vitest";

const extension = new URL("../fixtures/extensions/worker-extension.mjs", import.meta.url).pathname;
const greedy = { temperature: 0, ignoreEos: true };

describe.each([{ thread: true }, { thread: false }])("thread $thread", ({ thread }) => {
  const load = (options: EngineOptions = {}) => {
    return LLM.load(modelPath, { device: "cpu", thread, maxNumSeqs: 8, maxModelLen: 512, ...options });
  };

  /** Reads a stream until it has `count` tokens. */
  async function read(stream: AsyncIterator<OutputChunk>, count: number): Promise<number[]> {
    const tokens: number[] = [];
    while (tokens.length < count) tokens.push(...(await stream.next()).value.tokenIds);
    return tokens;
  }

  describe("a pause", () => {
    test("keep: requests stay where they are and go on with the same tokens; new ones wait", async () => {
      await using llm = await load();
      const alone = await llm.generate("Once upon a time", { ...greedy, maxTokens: 40 });
      const stream = llm.submit({ prompt: "Once upon a time", params: { ...greedy, maxTokens: 40 } });
      const chunks = stream[Symbol.asyncIterator]();
      const before = await read(chunks, 3);
      await llm.pause({ mode: "keep" });
      expect(llm.isPaused).toBe(true);
      const { steps } = llm.stats;
      const late = llm.generate("The cat", { ...greedy, maxTokens: 4 });
      let lateDone = false;
      void late.then(() => {
        lateDone = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect({ ...llm.stats, lateDone }).toMatchObject({ steps, numRunning: 1, numWaiting: 1, lateDone: false });
      await llm.resume();
      expect([...before, ...(await read(chunks, 40 - before.length))]).toEqual(alone.tokenIds);
      expect((await late).tokenIds).toHaveLength(4);
      await llm.idle();
      expect(llm.stats.kvBlocksUsed).toBe(0);
    });

    test("wait: who is there ends, who comes waits", async () => {
      await using llm = await load();
      const running = llm.generate("Once upon a time", { ...greedy, maxTokens: 30 });
      let done = false;
      void running.then(() => {
        done = true;
      });
      const paused = llm.pause({ mode: "wait" });
      const late = llm.generate("The cat", { ...greedy, maxTokens: 4 });
      await paused;
      expect((await running).tokenIds).toHaveLength(30);
      expect(done).toBe(true);
      expect(llm.stats).toMatchObject({ numRunning: 0, numWaiting: 1 });
      await llm.resume();
      expect((await late).finishReason).toBe("length");
    });

    test("wait: an abort of the last one that is waited for ends it", async () => {
      await using llm = await load();
      const stream = llm.submit({ prompt: "Once upon a time", params: { ...greedy, maxTokens: 400 } });
      await read(stream[Symbol.asyncIterator](), 3);
      const paused = llm.pause({ mode: "wait" });
      stream.abort();
      await paused;
      expect(llm.stats).toMatchObject({ numRunning: 0, kvBlocksUsed: 0 });
    });

    test("abort, the default: who is there ends with what it has", async () => {
      await using llm = await load();
      const stream = llm.submit({ prompt: "Once upon a time", params: { ...greedy, maxTokens: 400 } });
      const chunks = stream[Symbol.asyncIterator]();
      await read(chunks, 3);
      await llm.pause();
      let last: OutputChunk | undefined;
      for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) last = chunk;
      expect(last).toMatchObject({ finishReason: "abort", stopReason: null });
      expect(llm.stats).toMatchObject({ numRunning: 0, numWaiting: 0, kvBlocksUsed: 0 });
      await llm.resume();
      expect((await llm.generate("The cat", { ...greedy, maxTokens: 4 })).numCachedTokens).toBe(0);
    });

    test("a resume ends the wait for a pause; an unknown mode is refused", async () => {
      await using llm = await load();
      const running = llm.generate("Once upon a time", { ...greedy, maxTokens: 60 });
      const paused = llm.pause({ mode: "wait" });
      await llm.resume();
      await paused;
      expect(llm.isPaused).toBe(false);
      expect((await running).tokenIds).toHaveLength(60);
      await expect(llm.pause({ mode: "stop" as "wait" })).rejects.toThrow("mode must be one of abort, wait, keep");
    });
  });

  describe("a time limit", () => {
    test("ends a running request with what it has", async () => {
      await using llm = await load({ maxModelLen: 2048 });
      const options = { timeoutMs: 60 };
      const output = await llm.generate("Once upon a time", { ...greedy, maxTokens: 600 }, options);
      expect(output).toMatchObject({ finishReason: "abort", stopReason: "timeout" });
      expect(output.tokenIds.length).toBeGreaterThan(0);
      expect(output.tokenIds.length).toBeLessThan(2000);
      expect(output.text.length).toBeGreaterThan(0);
      expect(llm.stats).toMatchObject({ numRunning: 0, kvBlocksUsed: 0 });
    });

    test("ends waiting requests, also while the engine is paused and sleeps", async () => {
      await using llm = await load({ maxNumSeqs: 1 });
      await llm.pause({ mode: "keep" });
      const held = await llm.generate("The cat", greedy, { timeoutMs: 30 });
      expect(held).toMatchObject({ finishReason: "abort", stopReason: "timeout", tokenIds: [], numCachedTokens: 0 });
      await llm.resume();
      const running = llm.submit({ prompt: "Once upon a time", params: { ...greedy, maxTokens: 500 } });
      const waiting = await llm.generate("The cat", { ...greedy, n: 2 }, { timeoutMs: 1 });
      expect(waiting.outputs.map(({ stopReason }) => stopReason)).toEqual(["timeout", "timeout"]);
      running.abort();
      await llm.collectiveRpc("checkInvariants");
      expect(llm.stats).toMatchObject({ numWaiting: 0, kvBlocksUsed: 0 });
      expect(() => llm.submit({ prompt: "a", timeoutMs: 0 })).toThrow("timeout_ms must be a whole number");
    });
  });

  test("prompt tokens that wait are bounded; generate waits for room, and a long prompt alone has room", async () => {
    await using llm = await load({ maxNumQueuedTokens: 40, maxNumSeqs: 1 });
    const prompt = Array.from({ length: 25 }, (_, i) => 10 + i);
    const params = { ...greedy, maxTokens: 5 };
    await llm.pause({ mode: "keep" });
    const first = llm.generate(prompt, params);
    const error = catchError(() => llm.submit({ prompt, params }));
    expect(error).toMatchObject({ code: "QUEUE_FULL" });
    expect(error.message).toContain(
      "25 prompt tokens wait, 25 more would exceed the limit of 40 (max_num_queued_tokens)",
    );
    await llm.resume();
    expect((await first).tokenIds).toHaveLength(5);
    const outputs = await llm.generate(
      Array.from({ length: 6 }, () => prompt),
      params,
    );
    expect(outputs.map(({ tokenIds }) => tokenIds)).toEqual(outputs.map(() => outputs[0]!.tokenIds));
    const long = Array.from({ length: 100 }, (_, i) => 10 + i);
    expect((await llm.generate(long, { ...params, n: 3 })).outputs).toHaveLength(3);
  });

  test("priority is refused by policies that have none, and overtakes by the one that has it", async () => {
    await using plain = await load();
    const error = catchError(() => plain.submit({ prompt: "a", priority: 1 }));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", param: "priority" });
    expect(error.message).toContain('serves requests by "fcfs"');

    await using llm = await load({ schedulingPolicy: "priority", maxNumSeqs: 1 });
    expect(llm.info.schedulingPolicy).toBe("priority");
    const order: number[] = [];
    await llm.pause({ mode: "keep" });
    const all = [3, 1, 2].map((priority) => {
      return llm.generate("The cat", { ...greedy, maxTokens: 3 }, { priority }).finally(() => order.push(priority));
    });
    await llm.resume();
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3]);
  });

  test("fairness serves tenants alike", async () => {
    await using llm = await load({ schedulingPolicy: "fairness", maxNumSeqs: 1 });
    const order: string[] = [];
    await llm.pause({ mode: "keep" });
    const all = ["a", "a", "a", "a", "b", "b"].map((tenant) => {
      return llm.generate("The cat", { ...greedy, maxTokens: 3 }, { tenant }).finally(() => order.push(tenant));
    });
    await llm.resume();
    await Promise.all(all);
    expect(order.join("")).toBe("ababaa");
    const [stats] = (await llm.collectiveRpc("getStats")) as [{ tenants: Record<number, number> }];
    expect(Object.keys(stats.tenants)).toHaveLength(2);
  });

  test("calls: the engine's own methods and those of an extension", async () => {
    await using llm = await load({ workerExtensionCls: extension, maxInterTokenLatencyMs: 50 });
    expect(await llm.collectiveRpc("count_up", [2])).toEqual([2]);
    expect(await llm.collectiveRpc("count_up", [2], { twice: true })).toEqual([6]);
    const description = { rank: 0, worldSize: 1, layers: expect.any(Number), backend: "cpu" };
    expect(await llm.collectiveRpc("describe")).toEqual([description]);
    const stream = llm.submit({ prompt: "Once upon a time", params: { ...greedy, maxTokens: 400 } });
    await read(stream[Symbol.asyncIterator](), 10);
    expect(await llm.collectiveRpc("numRunning")).toEqual([1]);
    stream.abort();
    const [stats] = await llm.collectiveRpc("get_stats");
    expect(stats).toMatchObject({
      numRunning: 0,
      schedulingPolicy: "fcfs",
      isPaused: false,
      stepCost: { steps: expect.any(Number) },
    });
    expect(await llm.collectiveRpc("reset_prefix_cache")).toEqual([true]);
    await llm.collectiveRpc("checkInvariants");

    await expect(llm.collectiveRpc("fail")).rejects.toMatchObject({
      code: "INTERNAL",
      message: "fail failed: as asked",
    });
    await expect(llm.collectiveRpc("later")).rejects.toThrow("must be synchronous");
    if (thread) await expect(llm.collectiveRpc("uncloneable")).rejects.toThrow("cannot be sent");
    for (const name of ["_secret", "constructor", "toString", "__proto__", "nothing"]) {
      await expect(llm.collectiveRpc(name)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", param: "method" });
    }
    // A pause that would never come to rest.
    void llm.generate("Once upon a time", { ...greedy, maxTokens: 400 }).catch(() => {});
    const paused = expect(llm.pause({ mode: "wait" })).rejects.toThrow("disposed");
    await llm.dispose();
    await paused;
    await expect(llm.collectiveRpc("describe")).rejects.toThrow("disposed");
  });

  test("an extension that is a named export, and ones that are not there", async () => {
    await using llm = await load({ workerExtensionCls: `${extension}:Other` });
    expect(await llm.collectiveRpc("name")).toEqual(["other"]);
    await expect(load({ workerExtensionCls: `${extension}:Missing` })).rejects.toThrow("a class, exported as Missing");
    await expect(load({ workerExtensionCls: `${extension}:notAClass` })).rejects.toThrow("must be a class");
    await expect(load({ workerExtensionCls: "./nothing.mjs" })).rejects.toMatchObject({
      param: "worker_extension_cls",
    });
  });

  test("every output carries the version of the weights", async () => {
    await using llm = await load();
    expect(llm.weightVersion).toBe("default");
    const stream = llm.submit({ prompt: "Once upon a time", params: { ...greedy, maxTokens: 40 } });
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value).toMatchObject({ weightVersion: "default" });
    await llm.pause({ mode: "keep" });
    llm.weightVersion = "step-1";
    await llm.resume();
    let last: OutputChunk | undefined;
    for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) last = chunk;
    expect(last!.weightVersion).toBe("step-1");
    expect(await llm.generate("The cat", greedy)).toMatchObject({ weightVersion: "step-1" });
    const search = llm.beamSearch("The cat", { beamWidth: 2, maxTokens: 60, ignoreEos: true });
    await llm.pause({ mode: "keep" });
    llm.weightVersion = "step-2";
    await llm.resume();
    expect(await search).toMatchObject({ weightVersion: "step-2" });
    expect(() => {
      llm.weightVersion = 1 as unknown as string;
    }).toThrow("weight_version must be a string");
  });
});

function catchError(action: () => unknown): OctavoError {
  try {
    action();
  } catch (error) {
    if (OctavoError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
