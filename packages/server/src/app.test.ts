// What bad clients send, and what holds for every route.
import { gunzipSync, gzipSync } from "node:zlib";
import { OctavoError } from "@octavo/core";
import { describe, expect, test, vi } from "vitest";
import { createApp } from "./app.js";
import { CHAT_UNIMPLEMENTED, COMPLETION_UNIMPLEMENTED } from "./fields/unimplemented.js";
import { readPage } from "./routes/page/files.js";
import { CHAT, createTestApp, eventData, messages, problem } from "./testing/request.js";
import { version } from "./version.js";

const encode = (text: string) => new TextEncoder().encode(text);
const nested = (depth: number) => `{"messages":${"[".repeat(depth)}${"]".repeat(depth)}}`;
const chatWith = (json: string) => `{"messages":[{"role":"user","content":"Hi"}],${json}}`;

describe("bad input", () => {
  test.each<[string, string | Uint8Array, number, string | null, RegExp]>([
    ["malformed JSON", '{"messages": [', 400, null, /not valid JSON/],
    ["an empty body", "", 400, null, /empty/],
    ["an array", "[]", 400, null, /must be a JSON object, got an array/],
    ["null", "null", 400, null, /got null/],
    ["NaN", chatWith('"temperature": NaN'), 400, "temperature", /NaN/],
    ["-Infinity", chatWith('"top_p":-Infinity'), 400, "top_p", /-Infinity/],
    ["a number beyond doubles", chatWith('"temperature":1e999'), 400, "temperature", /number/],
    ["a seed beyond doubles' integers, not spelled as one", chatWith('"seed":1e300'), 400, "seed", /./],
    ["a wrong type", chatWith('"temperature":"hot"'), 400, "temperature", /expected number, received string/],
    ["a fraction for an integer", chatWith('"max_tokens":1.5'), 400, "max_tokens", /int/],
    ["max_tokens 0", chatWith('"max_tokens":0'), 400, "max_tokens", /1/],
    ["stop of a wrong type", chatWith('"stop":[1]'), 400, "stop", /list of strings/],
    ["stream of a wrong type", chatWith('"stream":"yes"'), 400, "stream", /boolean/],
    ["no messages", "{}", 400, "messages", /required/],
    ["null messages", '{"messages":null}', 400, "messages", /required/],
    ["empty messages", '{"messages":[]}', 400, "messages", /at least one/],
    ["messages of a wrong type", '{"messages":"Hi"}', 400, "messages", /array/],
    ["a message without role", '{"messages":[{"content":"a"}]}', 400, "messages[0].role", /required/],
    ["an unknown role", '{"messages":[{"role":"god","content":"a"}]}', 400, "messages[0].role", /no role "god"/],
    ["a tool message", '{"messages":[{"role":"tool","content":"a"}]}', 400, "messages[0].role", /not implemented/],
    ["no content", '{"messages":[{"role":"user"}]}', 400, "messages[0].content", /must be a string/],
    ["content of a wrong type", '{"messages":[{"role":"user","content":5}]}', 400, "messages[0].content", /string/],
    [
      "an image",
      '{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}',
      400,
      "messages[0].content[0].type",
      /"image_url" are not implemented/,
    ],
    [
      "a text part without text",
      '{"messages":[{"role":"user","content":[{"type":"text"}]}]}',
      400,
      "messages[0].content[0].text",
      /string/,
    ],
    [
      "tool calls",
      '{"messages":[{"role":"assistant","content":"","tool_calls":[{"id":"1"}]}]}',
      400,
      "messages[0].tool_calls",
      /not implemented/,
    ],
    ["an unknown model", chatWith('"model":"gpt-9"'), 404, "model", /^The model `gpt-9` does not exist\.$/],
    ["stream_options without stream", chatWith('"stream_options":{}'), 400, "stream_options", /stream: true/],
    ["deep nesting", nested(100_000), 400, null, /deeper than 256/],
    ["deep nesting in an unknown field", chatWith(`"x":${"[".repeat(1e5)}${"]".repeat(1e5)}`), 400, null, /deeper/],
    ["invalid UTF-8", Uint8Array.from([...encode('{"model":"'), 0xff, 0xfe, ...encode('"}')]), 400, null, /UTF-8/],
    ["a body of 3 MB", chatWith(`"x":"${"a".repeat(3e6)}"`), 413, null, /larger than 1048576 bytes/],
  ])("%s", async (_name, body, status, param, message) => {
    const { post, engine } = createTestApp({}, { maxBodyBytes: 2 ** 20 });
    const found = await problem(await post(CHAT, body));
    expect(found).toMatchObject({ status, code: status, param, message: expect.stringMatching(message) });
    expect(engine.requests).toHaveLength(0);
    expect((await post(CHAT, { messages })).status).toBe(200);
  });

  test("an announced length over the limit", async () => {
    const { post } = createTestApp({}, { maxBodyBytes: 100 });
    const response = await post(CHAT, "x".repeat(200), { "content-length": "200" });
    expect(await problem(response)).toMatchObject({ status: 413, code: 413, type: "RequestTooLargeError" });
  });

  test("__proto__ is a field like any other", async () => {
    const { post, engine } = createTestApp();
    const response = await post(CHAT, chatWith('"__proto__":{"temperature":2,"stream":true},"constructor":1'));
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(engine.requests[0]!.params).toEqual({ maxTokens: null });
  });

  test("brackets in strings do not nest", async () => {
    const { post } = createTestApp();
    const content = `"${"[".repeat(300)}\\`;
    expect((await post(CHAT, { messages: [{ role: "user", content }, ...messages] })).status).toBe(200);
  });

  test("any content type whose bytes are JSON", async () => {
    const { post } = createTestApp();
    expect((await post(CHAT, { messages }, { "content-type": "text/plain" })).status).toBe(200);
  });

  test("a prompt that fills the context, with the numbers", async () => {
    const { post } = createTestApp({ maxModelLen: 100 });
    const chat = (length: number, extra = {}) =>
      post(CHAT, { messages: [{ role: "user", content: "a".repeat(length) }], ...extra });
    const overhead = "user:|assistant:".length;
    expect((await chat(99 - overhead)).status).toBe(200);
    const full = await problem(await chat(100 - overhead));
    expect(full).toMatchObject({ status: 400, param: "messages", message: expect.stringContaining("has 100 tokens") });
    expect((await chat(50 - overhead, { max_tokens: 50 })).status).toBe(200);
    const tooMany = await problem(await chat(50 - overhead, { max_tokens: 51 }));
    expect(tooMany).toMatchObject({ status: 400, param: "max_tokens" });
    expect(tooMany.message).toMatch(/100 tokens.*prompt has 50, `max_tokens` is 51.*at most 50/);
    const other = await problem(await chat(50 - overhead, { max_completion_tokens: 51 }));
    expect(other).toMatchObject({ status: 400, param: "max_completion_tokens" });
    const neither = await problem(await chat(100 - overhead, { max_tokens: 51 }));
    expect(neither).toMatchObject({ status: 400, param: "messages" });
    const completion = await problem(await post("/v1/completions", { prompt: "a".repeat(90), max_tokens: 11 }));
    expect(completion).toMatchObject({ status: 400, param: "max_tokens" });
    expect((await post("/v1/completions", { prompt: "a".repeat(90) })).status).toBe(200);
  });

  test("text that cannot fit is refused before it is tokenized", async () => {
    const { post, engine } = createTestApp({ maxModelLen: 100 });
    engine.tokenizer.encode = () => {
      throw new Error("tokenized");
    };
    const content = "a".repeat(401);
    const chat = await problem(await post(CHAT, { messages: [{ role: "user", content }] }));
    expect(chat).toMatchObject({ status: 400, param: "messages", message: expect.stringContaining("401") });
    expect(await problem(await post("/v1/completions", { prompt: content }))).toMatchObject({
      status: 400,
      param: "prompt",
    });
    const many = await problem(await post(CHAT, { messages: new Array(101).fill(messages[0]) }));
    expect(many).toMatchObject({ status: 400, param: "messages", message: expect.stringContaining("101 entries") });
  });
});

describe("more JSON values than can be meant", () => {
  const list = (count: number, element: (index: number) => string) =>
    Array.from({ length: count }, (_, i) => element(i));
  const keys = list(60_000, (i) => `"k${i}":1`).join();
  const objects = list(60_000, () => "{}").join();
  const ids = list(300_000, () => "1").join();

  test.each<[string, string, string, string | null, RegExp]>([
    [CHAT, "chat_template_kwargs", chatWith(`"chat_template_kwargs":{${keys}}`), "chat_template_kwargs", /50000/],
    [CHAT, "documents", chatWith(`"documents":[${objects}]`), "documents", /50000/],
    [CHAT, "messages", `{"messages":[${objects}]}`, "messages", /50000/],
    [CHAT, "stop_token_ids", chatWith(`"stop_token_ids":[${ids}]`), "stop_token_ids", /50000/],
    [CHAT, "fewer stop_token_ids", chatWith(`"stop_token_ids":[${"1,".repeat(1024)}1]`), "stop_token_ids", /1024/],
    [CHAT, "unknown fields", chatWith(keys), null, /more than 1000 fields/],
    [CHAT, "a prompt that is none", chatWith(`"prompt":[${objects}]`), "prompt", /50000/],
    [CHAT, "an array", `[[${objects}]]`, null, /50000/],
    ["/v1/completions", "lists of ids", `{"prompt":[${list(200_000, () => "[1]").join()}]}`, "prompt", /262144 token/],
    ["/v1/completions", "objects", `{"prompt":[${objects}]}`, "prompt", /50000/],
    ["/v1/completions", "keys", `{"prompt":{${keys}}}`, "prompt", /50000/],
    ["/v1/completions", "another field's ids", `{"prompt":"a","stop_token_ids":[${ids}]}`, "stop_token_ids", /50000/],
    ["/detokenize", "ids", `{"tokens":[${ids}]}`, "tokens", /262144 token ids/],
  ])("%s: %s", async (path, _name, body, param, message) => {
    const { post, engine } = createTestApp();
    const parse = vi.spyOn(JSON, "parse");
    const found = await problem(await post(path, body));
    const parsed = parse.mock.calls.length;
    parse.mockRestore();
    expect(found).toMatchObject({ status: 400, param, message: expect.stringMatching(message) });
    // Response.json() parses the reply; the one case that gets as far as the schema has few values.
    if (!/1024/.test(found.message)) expect(parsed).toBeLessThanOrEqual(1);
    expect(engine.requests).toHaveLength(0);
  });

  test("what can be meant goes through", async () => {
    const { post, engine } = createTestApp();
    const many = list(2000, (i) => `"k${i}":[{}]`).join();
    expect((await post(CHAT, chatWith(`"chat_template_kwargs":{${many}},"x":"${"[{,:".repeat(1e5)}"`))).status).toBe(
      200,
    );
    const tokens = new Array(200_000).fill(65);
    engine.tokenizer.decode = (given) => String(given.length);
    expect(await (await post("/detokenize", { tokens })).json()).toEqual({ prompt: "200000" });
    const prompts = new Array(250).fill(new Array(900).fill(65));
    expect((await post("/v1/completions", { prompt: prompts })).status).toBe(200);
  });
});

test("/tokenize counts in pieces what is long, and stops at what no context has", async () => {
  const { engine, post } = createTestApp();
  const encode = engine.tokenizer.encode;
  const lengths: number[] = [];
  engine.tokenizer.encode = (text, options) => {
    lengths.push(text.length);
    return encode(text, options);
  };
  const found = await problem(await post("/tokenize", { prompt: "a".repeat(150_000) }));
  expect(found).toMatchObject({ status: 400, param: "prompt", message: expect.stringContaining("32768 tokens") });
  expect(lengths).toEqual([2 ** 14, 2 ** 14, 2 ** 14]);
  expect((await post("/tokenize", { prompt: "a".repeat(30_000) })).status).toBe(200);
});

test("more prompts than the queue can ever hold are refused before any is encoded", async () => {
  const { post, engine } = createTestApp({}, { maxNumQueuedReqs: 3 });
  const encode = vi.spyOn(engine.tokenizer, "encode");
  for (const prompt of [new Array(4).fill("a"), new Array(4).fill([65])]) {
    const found = await problem(await post("/v1/completions", { prompt }));
    expect(found).toMatchObject({
      status: 400,
      param: "prompt",
      message: expect.stringMatching(/4 prompts.*at most 3/),
    });
  }
  expect(encode).not.toHaveBeenCalled();
  expect((await post("/v1/completions", { prompt: ["a", "b", "c"] })).status).toBe(200);
  expect((await post("/v1/completions", { prompt: [65, 66, 67, 68] })).status).toBe(200);
});

test("a problem of one prompt in a list names it", async () => {
  const { post } = createTestApp({ maxModelLen: 100 });
  for (const [prompt, param] of [
    [["ok", ""], "prompt[1]"],
    [[[65], []], "prompt[1]"],
    [["ok", "a".repeat(100)], "prompt[1]"],
    [["ok", "ok", "a".repeat(500)], "prompt[2]"],
    ["", "prompt"],
  ] as const) {
    const found = await problem(await post("/v1/completions", { prompt }));
    expect(found).toMatchObject({ status: 400, param, message: expect.stringContaining(`\`${param}\``) });
  }
});

test("a model without a chat template: no advice that a request cannot follow", async () => {
  const { post, engine } = createTestApp();
  engine.tokenizer.renderChatAsync = async () => {
    const message = "this model has no chat template: give a chat template (chat_template)";
    throw new OctavoError({ code: "INVALID_ARGUMENT", param: "chat_template", message });
  };
  for (const path of [CHAT, "/tokenize"]) {
    const found = await problem(await post(path, { messages }));
    expect(found).toMatchObject({ status: 400, param: "messages" });
    expect(found.message).toMatch(/use \/v1\/completions.*or serve a model with a chat template/);
    expect(found.message).not.toContain("chat_template");
  }
});

test("the server's chat template and its kwargs reach the tokenizer; a request's kwargs come before them", async () => {
  const options = { chatTemplate: "T", defaultChatTemplateKwargs: { enable_thinking: false, mood: "a" } };
  const { post, engine } = createTestApp({}, options);
  const render = vi.spyOn(engine.tokenizer, "renderChatAsync");
  await post(CHAT, { messages });
  expect(render.mock.lastCall?.[1]).toMatchObject({
    chatTemplate: "T",
    kwargs: { enable_thinking: false, mood: "a" },
  });
  await post(CHAT, { messages, chat_template_kwargs: { enable_thinking: true, deep: [1] } });
  expect(render.mock.lastCall?.[1]).toMatchObject({
    chatTemplate: "T",
    kwargs: { enable_thinking: true, mood: "a", deep: [1] },
  });
});

test("a compressed body is a 415", async () => {
  const { post } = createTestApp();
  const compressed = await problem(
    await post(CHAT, gzipSync(JSON.stringify({ messages })), { "content-encoding": "gzip" }),
  );
  expect(compressed).toMatchObject({ status: 415, message: expect.stringContaining("Content-Encoding gzip") });
  expect((await post(CHAT, { messages }, { "content-encoding": "identity" })).status).toBe(200);
});

test("a request that the engine failed on is a 500 that says why; wrapped errors stay in the log", async () => {
  const failing = (cause?: unknown) =>
    createTestApp({
      beforeToken: () => {
        throw new OctavoError({ code: "INTERNAL", message: "the logits are not finite", cause });
      },
    });
  const found = await problem(await failing().post(CHAT, { messages }));
  expect(found).toMatchObject({ status: 500, type: "InternalServerError", message: "the logits are not finite" });
  const events = await eventData(await failing().post(CHAT, { messages, stream: true }));
  expect(events.at(-2)).toContain("not finite");
  expect(events.at(-1)).toBe("[DONE]");
  expect((await problem(await failing(new Error("secret")).post(CHAT, { messages }))).message).toMatch(
    /^Internal error/,
  );
});

test("text that is too long but not certainly so is refused piece by piece, without holding up others", async () => {
  const { engine } = createTestApp({ maxModelLen: 40_000 });
  const encode = engine.tokenizer.encode;
  const lengths: number[] = [];
  engine.tokenizer.encode = (text, options) => {
    lengths.push(text.length);
    return encode(text, options);
  };
  Object.assign(engine.tokenizer, { maxCharsPerToken: 100 });
  const app = createApp(engine, { servedModelNames: ["fake"] });
  const body = JSON.stringify({ prompt: "a".repeat(1_000_000) });
  const found = await problem(await app.request("/v1/completions", { method: "POST", body }));
  expect(found).toMatchObject({ status: 400, param: "prompt", message: expect.stringContaining("more than 40000") });
  expect(lengths).toEqual([2 ** 14, 2 ** 14, 2 ** 14]);
});

describe("fields that are not implemented", () => {
  const other = (defaults: readonly unknown[]): unknown => {
    if (defaults[0] === undefined) return "something";
    const value = defaults[0];
    if (typeof value === "boolean") return !value;
    if (typeof value === "number") return value + 1;
    return Array.isArray(value) ? ["something"] : { type: "something" };
  };
  const cases = [
    ...Object.entries(CHAT_UNIMPLEMENTED).map(([field, defaults]) => [CHAT, field, defaults] as const),
    ...Object.entries(COMPLETION_UNIMPLEMENTED).map(
      ([field, defaults]) => ["/v1/completions", field, defaults] as const,
    ),
  ];

  test.each(cases)("%s %s", async (path, field, defaults) => {
    const { post, engine } = createTestApp();
    const body = { messages, prompt: "Hi" };
    expect(await problem(await post(path, { ...body, [field]: other(defaults) }))).toMatchObject({
      status: 400,
      type: "BadRequestError",
      param: field,
      message: expect.stringContaining("not implemented yet"),
    });
    expect(engine.requests).toHaveLength(0);
    for (const value of [null, ...defaults]) expect((await post(path, { ...body, [field]: value })).status).toBe(200);
  });
});

describe("every route", () => {
  test("unknown paths and methods", async () => {
    const { app, post } = createTestApp();
    expect(await problem(await app.request("/nope"))).toMatchObject({ status: 404, type: "NotFoundError", code: 404 });
    const wrong = await app.request(CHAT);
    expect(wrong.headers.get("allow")).toBe("POST");
    expect(await problem(wrong)).toMatchObject({ status: 405, code: 405 });
    const health = await post("/health", {});
    expect([health.status, health.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await app.request("/health", { method: "HEAD" })).status).toBe(200);
    expect((await app.request(CHAT, { method: "OPTIONS" })).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("keys guard everything but probes and the page", async () => {
    const { app, post } = createTestApp({}, { apiKeys: ["first", "second"] });
    for (const path of ["/v1/models", "/version", "/tokenize", "/nope", CHAT]) {
      const response = await app.request(path);
      expect([response.status, await response.json()]).toEqual([401, { error: "Unauthorized" }]);
    }
    for (const path of ["/health", "/metrics", ...readPage().keys()]) {
      expect((await app.request(path)).status).toBe(200);
    }
    for (const [authorization, status] of [
      ["Bearer first", 200],
      ["bearer second", 200],
      ["Bearer third", 401],
      ["Bearer ", 401],
      ["Bearer first second", 401],
      ["Basic first", 401],
      ["first", 401],
    ] as const) {
      expect((await post(CHAT, { messages }, { authorization })).status).toBe(status);
    }
  });

  test("models, version, health", async () => {
    const { app, engine } = createTestApp();
    const list = (await (await app.request("/v1/models")).json()) as { object: string; data: { id: string }[] };
    expect(list.object).toBe("list");
    expect(list.data.map((card) => card.id)).toEqual(["fake", "org/alias"]);
    expect(list.data[0]).toMatchObject({ object: "model", owned_by: "octavo", parent: null, max_model_len: 1000 });
    for (const path of ["/v1/models/org/alias", "/v1/models/org%2Falias"]) {
      expect(await (await app.request(path)).json()).toMatchObject({ id: "org/alias", root: "fake" });
    }
    expect(await problem(await app.request("/v1/models/other"))).toMatchObject({ status: 404, param: "model" });
    expect(await (await app.request("/version")).json()).toEqual({ version });

    const healthy = await app.request("/health");
    expect([healthy.status, await healthy.text()]).toEqual([200, ""]);
    engine.failure = new OctavoError({ code: "ENGINE_DEAD", message: "the device is gone" });
    expect(await problem(await app.request("/health"))).toMatchObject({ status: 503 });
  });

  test("tokenize and detokenize", async () => {
    const { post } = createTestApp();
    expect(await (await post("/tokenize", { prompt: "ab", return_token_strs: true })).json()).toEqual({
      count: 2,
      max_model_len: 1000,
      tokens: [97, 98],
      token_strs: ["a", "b"],
    });
    const chat = await (await post("/tokenize", { messages, add_generation_prompt: false })).json();
    expect(chat).toMatchObject({ count: 8, token_strs: null });
    expect(await (await post("/detokenize", { tokens: [97, 98] })).json()).toEqual({ prompt: "ab" });
    for (const [path, body, param] of [
      ["/tokenize", {}, "prompt"],
      ["/tokenize", { prompt: 5 }, "prompt"],
      ["/tokenize", { prompt: "a".repeat(2 ** 18 + 1) }, "prompt"],
      ["/tokenize", { messages: [{ role: "user", content: 1 }] }, "messages[0].content"],
      ["/tokenize", { messages, tools: [{}] }, "tools"],
      ["/detokenize", {}, "tokens"],
      ["/detokenize", { tokens: [1, -1] }, "tokens[1]"],
      ["/detokenize", { tokens: [1, "2"] }, "tokens[1]"],
    ] as const) {
      expect(await problem(await post(path, body))).toMatchObject({ status: 400, param });
    }
    expect((await post("/tokenize", { prompt: "a", model: "x" })).status).toBe(404);
  });

  test("a page that was not built is an error with its remedy", () => {
    expect(() => readPage(new URL("file:///no/such/folder/"))).toThrow(/npm run build/);
  });

  test("the page is ours alone", async () => {
    const { app } = createTestApp();
    const page = await app.request("/");
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("content-security-policy")).not.toMatch(/unsafe|https?:/);
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<script>|<style|style=|onclick/);
    const script = /<script [^>]*src="([^"]+)"/.exec(html)![1]!;
    const sheet = /<link rel="stylesheet" href="([^"]+)"/.exec(html)![1]!;
    for (const path of [script, sheet]) {
      const file = await app.request(path);
      expect([file.status, file.headers.get("content-encoding")]).toEqual([200, null]);
      expect(file.headers.get("cache-control")).toContain("immutable");
      const packed = await app.request(path, { headers: { "accept-encoding": "br, gzip" } });
      expect(packed.headers.get("content-encoding")).toBe("gzip");
      const text = gunzipSync(await packed.arrayBuffer()).toString();
      expect(text).toBe(await file.text());
    }
  });
});
