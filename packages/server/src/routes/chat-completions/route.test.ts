import { OctavoError } from "@octavo/core";
import { describe, expect, test, vi } from "vitest";
import { CHAT, completion, createTestApp, eventData, messages, problem } from "../../testing/request.js";
import { systemFingerprint } from "../../version.js";

describe("POST /v1/chat/completions", () => {
  test("one reply: shape, usage, id from X-Request-Id", async () => {
    const { post, engine } = createTestApp();
    const response = await post(CHAT, { messages, model: "fake" }, { "x-request-id": "abc-1" });
    expect(response.status).toBe(200);
    const body = await completion(response);
    expect(body).toEqual({
      id: "chatcmpl-abc-1",
      object: "chat.completion",
      created: expect.any(Number),
      model: "fake",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello", refusal: null },
          logprobs: null,
          finish_reason: "stop",
          stop_reason: null,
        },
      ],
      system_fingerprint: systemFingerprint,
      metadata: { weight_version: "default" },
      usage: { prompt_tokens: 18, completion_tokens: 5, total_tokens: 23, prompt_tokens_details: { cached_tokens: 2 } },
    });
    expect(Math.abs(body.created - Date.now() / 1000)).toBeLessThan(5);
    expect(String.fromCharCode(...Array.from(engine.requests[0]!.prompt as Int32Array))).toBe("user:Hi|assistant:");
  });

  test("the body's request_id goes before the header", async () => {
    const { post } = createTestApp();
    const body = { messages, request_id: "mine" };
    expect((await completion(await post(CHAT, body, { "x-request-id": "theirs" }))).id).toBe("chatcmpl-mine");
  });

  test("tools reach the template, and no call is promised", async () => {
    const { post, engine } = createTestApp();
    const render = vi.spyOn(engine.tokenizer, "renderChatAsync");
    const tools = [{ type: "function", function: { name: "weather", parameters: {} } }];
    expect((await post(CHAT, { messages, tools, tool_choice: "none" })).status).toBe(200);
    expect(render.mock.lastCall![1]).toMatchObject({ tools });
    expect((await post(CHAT, { messages, tools: [] })).status).toBe(200);
    expect(render.mock.lastCall![1]).not.toHaveProperty("tools");
    const refused = { status: 400, param: "tools", message: expect.stringMatching(/send `tool_choice`: "none"/) };
    expect(await problem(await post(CHAT, { messages, tools }))).toMatchObject(refused);
    expect(await problem(await post(CHAT, { messages, tools: "weather" }))).toMatchObject({
      status: 400,
      param: "tools",
    });
  });

  test("an unsafe X-Request-Id is not used", async () => {
    const { post } = createTestApp();
    const { id } = await completion(await post(CHAT, { messages }, { "x-request-id": 'a"b c' }));
    expect(id).toMatch(/^chatcmpl-[0-9a-f]{32}$/);
  });

  test("passes on what was asked and nothing else", async () => {
    const { post, engine } = createTestApp();
    await post(CHAT, { messages, temperature: null, max_tokens: null, stop: null, stream_options: null, seed: null });
    expect(engine.requests[0]!.params).toEqual({ maxTokens: null });
    await post(CHAT, {
      messages,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 7,
      min_p: 0.1,
      seed: 3,
      stop: ["a"],
      stop_token_ids: [1],
      include_stop_str_in_output: true,
      ignore_eos: true,
      skip_special_tokens: false,
      max_tokens: 5,
      max_completion_tokens: 9,
      user: "someone",
      a_field_nobody_knows: [1],
    });
    expect(engine.requests[1]!.params).toEqual({
      maxTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 7,
      minP: 0.1,
      seed: 3,
      stop: ["a"],
      stopTokenIds: [1],
      includeStopStrInOutput: true,
      ignoreEos: true,
      skipSpecialTokens: false,
    });
  });

  test("the stream's bytes", async () => {
    const { post } = createTestApp({ text: 'a"é', finish: { finishReason: "stop", stopReason: "END" } });
    const response = await post(CHAT, { messages, stream: true }, { "x-request-id": "r" });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const text = await response.text();
    const created = /"created":(\d+)/.exec(text)![1];
    const head = `data: {"id":"chatcmpl-r","object":"chat.completion.chunk","created":${created},"model":"fake","choices":[`;
    expect(text).toBe(
      [
        `${head}{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
        `${head}{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}]}`,
        `${head}{"index":0,"delta":{"content":"\\""},"logprobs":null,"finish_reason":null}]}`,
        `${head}{"index":0,"delta":{"content":"é"},"logprobs":null,"finish_reason":"stop","stop_reason":"END"}],"system_fingerprint":"${systemFingerprint}","metadata":{"weight_version":"default"}}`,
        "data: [DONE]",
        "",
      ].join("\n\n"),
    );
  });

  test("usage in streams: at the end, on every chunk, or not at all", async () => {
    const { post } = createTestApp({ text: "ab" });
    const read = async (stream_options?: object) => {
      const data = await eventData(await post(CHAT, { messages, stream: true, stream_options }));
      expect(data.pop()).toBe("[DONE]");
      return data.map((line) => JSON.parse(line));
    };
    const final = await read({ include_usage: true });
    expect(final.map((chunk) => chunk.usage?.completion_tokens)).toEqual([undefined, undefined, undefined, 2]);
    expect(final.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 18, total_tokens: 20 } });
    const continuous = await read({ include_usage: true, continuous_usage_stats: true });
    expect(continuous.map((chunk) => chunk.usage.completion_tokens)).toEqual([0, 1, 2, 2]);
    const without = await read({ continuous_usage_stats: true });
    expect(without.every((chunk) => chunk.usage === undefined && chunk.choices.length === 1)).toBe(true);
  });

  test("a failure in the middle of a stream is an event, then [DONE]", async () => {
    const dead = new OctavoError({ code: "ENGINE_DEAD", message: "the device is gone" });
    const { post, engine } = createTestApp({
      beforeToken: (index) => {
        if (index === 2) throw dead;
      },
    });
    const data = await eventData(await post(CHAT, { messages, stream: true }));
    expect(data).toHaveLength(5);
    expect(JSON.parse(data[3]!)).toEqual({
      error: { message: "the device is gone", type: "InternalServerError", param: null, code: 500 },
    });
    expect(data[4]).toBe("[DONE]");
    expect(engine.running).toBe(0);
    expect(await problem(await post(CHAT, { messages }))).toMatchObject({ status: 500, message: "the device is gone" });
  });

  test("what submit throws is an HTTP error, also when a stream was asked for", async () => {
    const refuse = new OctavoError({ code: "QUEUE_FULL", message: "4096 requests wait" });
    const { post } = createTestApp({ refuse });
    const response = await post(CHAT, { messages, stream: true });
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await problem(response)).toMatchObject({ status: 503, code: 503, message: "4096 requests wait" });
    const bad = new OctavoError({ code: "INVALID_ARGUMENT", message: "top_p must be above 0", param: "top_p" });
    expect(await problem(await createTestApp({ refuse: bad }).post(CHAT, { messages }))).toEqual({
      status: 400,
      code: 400,
      type: "BadRequestError",
      message: "top_p must be above 0",
      param: "top_p",
    });
  });

  test("an unexpected error does not leak its text", async () => {
    const { post, engine } = createTestApp();
    engine.submit = () => {
      throw new Error("secret path");
    };
    const found = await problem(await post(CHAT, { messages }, { "x-request-id": "q1" }));
    expect(found).toMatchObject({ status: 500, type: "InternalServerError" });
    expect(found.message).toContain("q1");
    expect(found.message).not.toContain("secret");
  });

  test("a stream that is cancelled aborts its request", async () => {
    let go: () => void = () => {};
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { post, engine } = createTestApp({ beforeToken: (index) => (index === 1 ? wait : undefined) });
    const response = await post(CHAT, { messages, stream: true });
    const reader = response.body!.getReader();
    await reader.read();
    expect(engine.running).toBe(1);
    await reader.cancel();
    expect([engine.running, engine.aborted]).toEqual([0, 1]);
    go();
  });

  test("a slow reader holds its own stream back", async () => {
    let produced = 0;
    const beforeToken = () => {
      produced++;
    };
    const text = "x".repeat(20_000);
    const { post } = createTestApp({ text, beforeToken, maxModelLen: 40_000 });
    const response = await post(CHAT, { messages, stream: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(produced).toBeGreaterThan(100);
    expect(produced).toBeLessThan(2000);
    const content = (await eventData(response)).slice(0, -1).map((line) => JSON.parse(line).choices[0].delta.content);
    expect(content.join("")).toBe(text);
  });

  test("content: parts are handed to the template, null only from the assistant", async () => {
    const { post, engine } = createTestApp();
    const parts = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const conversation = [
      { role: "user", content: parts },
      { role: "assistant", content: null, tool_calls: [], refusal: null },
    ];
    const response = await post(CHAT, { messages: conversation });
    expect(response.status).toBe(200);
    const prompt = String.fromCharCode(...Array.from(engine.requests[0]!.prompt as Int32Array));
    expect(prompt).toBe("user:a\nb|assistant:|assistant:");
  });

  const hello = { role: "assistant", content: "Well, " };
  const parts = {
    role: "assistant",
    content: [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ],
  };
  test.each<[object, object]>([
    [
      { messages: [...messages, hello], continue_final_message: true },
      { role: "assistant", content: "Well, Hello" },
    ],
    [{ messages: [...messages, hello] }, { role: "assistant", content: "Well, Hello" }],
    [{ messages: [...messages, parts] }, { role: "assistant", content: "a\nbHello" }],
    [
      { messages, add_generation_prompt: false },
      { role: "user", content: "HiHello" },
    ],
    [{ messages }, { role: "assistant", content: "Hello" }],
  ])("echo of %j", async (body, message) => {
    const { post } = createTestApp();
    const json = (await (await post(CHAT, { ...body, echo: true })).json()) as { choices: { message: object }[] };
    expect(json.choices[0]!.message).toEqual({ ...message, refusal: null });
    const streamed = { role: "", content: "" };
    for (const data of await eventData(await post(CHAT, { ...body, echo: true, stream: true }))) {
      if (data === "[DONE]") continue;
      const { role, content } = JSON.parse(data).choices[0].delta;
      streamed.role += role ?? "";
      streamed.content += content;
    }
    expect(streamed).toEqual(message);
  });

  test("continue_final_message turns the generation prompt off", async () => {
    const { post, engine } = createTestApp();
    await post(CHAT, { messages, continue_final_message: true });
    expect(String.fromCharCode(...Array.from(engine.requests[0]!.prompt as Int32Array))).toBe("user:Hi|");
    const both = { messages, continue_final_message: true, add_generation_prompt: true };
    expect(await problem(await post(CHAT, both))).toMatchObject({ status: 400, param: "continue_final_message" });
  });
});
