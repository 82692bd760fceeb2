import { OctavoError } from "@octavo/core";
import { describe, expect, test } from "vitest";
import { completion, createTestApp, eventData, problem } from "../../testing/request.js";

const COMPLETIONS = "/v1/completions";

describe("POST /v1/completions", () => {
  test("one reply", async () => {
    const { post, engine } = createTestApp({ finish: { finishReason: "length", stopReason: null } });
    const response = await post(COMPLETIONS, { model: "org/alias", prompt: "abc", max_tokens: null });
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/),
      object: "text_completion",
      created: expect.any(Number),
      model: "org/alias",
      choices: [{ index: 0, text: "Hello", logprobs: null, finish_reason: "length", stop_reason: null }],
      system_fingerprint: expect.stringMatching(/^octavo-/),
      metadata: { weight_version: "default" },
      usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8, prompt_tokens_details: { cached_tokens: 2 } },
    });
    expect(engine.requests[0]!.params).toEqual({ maxTokens: 16 });
  });

  test.each([
    ["a string", "ab", [[97, 98]]],
    ["strings", ["a", "bc"], [[97], [98, 99]]],
    ["token ids", [5, 6], [[5, 6]]],
    ["lists of token ids", [[5], [6, 7]], [[5], [6, 7]]],
  ])("prompt as %s", async (_name, prompt, expected) => {
    const { post, engine } = createTestApp();
    const body = await completion(await post(COMPLETIONS, { prompt }));
    expect(engine.requests.map((request) => Array.from(request.prompt as Int32Array))).toEqual(expected);
    expect(body.choices.map((choice) => choice.index)).toEqual(expected.map((_, index) => index));
    expect(body.usage.completion_tokens).toBe(5 * expected.length);
  });

  test("a stream of several prompts", async () => {
    const { post } = createTestApp({ text: "ab" });
    const request = { prompt: ["x", "yz"], stream: true, stream_options: { include_usage: true } };
    const data = await eventData(await post(COMPLETIONS, request));
    expect(data.pop()).toBe("[DONE]");
    const chunks = data.map((line) => JSON.parse(line));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } });
    for (const index of [0, 1]) {
      const own = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
      expect(own.map((choice) => choice.text).join("")).toBe("ab");
      expect(own.map((choice) => choice.finish_reason)).toEqual([null, "stop"]);
    }
  });

  test("when one of several generations fails the others are aborted", async () => {
    let calls = 0;
    const beforeToken = async () => {
      if (++calls === 1) throw new Error("broken");
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    for (const stream of [true, false]) {
      calls = 0;
      const { post, engine } = createTestApp({ text: "x".repeat(100), beforeToken });
      const response = await post(COMPLETIONS, { prompt: ["a", "b", "c"], stream });
      expect(await response.text()).toContain("InternalServerError");
      expect([engine.running, engine.aborted]).toEqual([0, 2]);
    }
  });

  test.each([
    ["missing", undefined, "prompt", /required/],
    ["of a wrong type", { a: 1 }, "prompt", /expected a string/],
    ["an empty list", [], "prompt", /at least one/],
    ["an empty string", "", "prompt", /empty/],
    ["mixed", ["a", 5], "prompt[1]", /expected a list/],
    ["a list of objects", [{}], "prompt[0]", /expected a list/],
    ["a fraction as id", [1.5], "prompt[0]", /token id/],
    ["an id out of range", [[0], [70000]], "prompt[1][0]", /0 to 65535/],
    ["a negative id", [3, -1], "prompt[1]", /token id/],
    ["too many ids", new Array(1001).fill(1), "prompt", /1001 tokens/],
  ])("a prompt that is %s", async (_name, prompt, param, message) => {
    const { post, engine } = createTestApp();
    const found = await problem(await post(COMPLETIONS, { prompt }));
    expect(found).toMatchObject({ status: 400, param, message: expect.stringMatching(message) });
    expect(engine.requests).toHaveLength(0);
  });

  test("prompts that do not all find room in the queue leave nothing behind", async () => {
    const { post, engine } = createTestApp();
    const submit = engine.submit.bind(engine);
    engine.submit = (request) => {
      if (engine.requests.length === 2) throw new OctavoError({ code: "QUEUE_FULL", message: "full" });
      return submit(request);
    };
    expect((await post(COMPLETIONS, { prompt: ["a", "b", "c"] })).status).toBe(503);
    expect([engine.running, engine.aborted]).toEqual([0, 2]);
  });

  test("many prompts of one request share its signal without a warning", async () => {
    const warnings: Error[] = [];
    const collect = (warning: Error) => warnings.push(warning);
    process.on("warning", collect);
    const { post } = createTestApp();
    expect((await post(COMPLETIONS, { prompt: new Array(64).fill("a") })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off("warning", collect);
    expect(warnings).toEqual([]);
  });
});
