import { OctavoError } from "@octavo/core";
import { describe, expect, test, vi } from "vitest";
import { createLogger } from "../../logging/logger.js";
import { CHAT, createTestApp, messages, problem } from "../../testing/request.js";

const EMBEDDINGS = "/v1/embeddings";

interface Reply {
  readonly data: readonly { readonly embedding: number[] | string }[];
  readonly usage: { readonly prompt_tokens: number };
}

function createPoolingApp() {
  return createTestApp({ pooling: true, maxModelLen: 8 });
}

describe("POST /v1/embeddings", () => {
  test("one text", async () => {
    const { post } = createPoolingApp();
    const response = await post(EMBEDDINGS, { model: "org/alias", input: "abc", user: "me" });
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^embd-[0-9a-f]{32}$/),
      object: "list",
      created: expect.any(Number),
      model: "org/alias",
      data: [{ object: "embedding", index: 0, embedding: [6, 294, -1, 0.5] }],
      usage: { prompt_tokens: 3, total_tokens: 3, completion_tokens: 0, prompt_tokens_details: null },
    });
  });

  test.each([
    ["a string", "ab", [[4, 195, -1, 0.5]]],
    [
      "strings",
      ["a", "bc"],
      [
        [2, 97, -1, 0.5],
        [4, 197, -1, 0.5],
      ],
    ],
    ["token ids", [5, 6], [[4, 11, -1, 0.5]]],
    [
      "lists of token ids",
      [[5], [6, 7]],
      [
        [2, 5, -1, 0.5],
        [4, 13, -1, 0.5],
      ],
    ],
  ])("input as %s", async (_name, input, expected) => {
    const { post } = createPoolingApp();
    const { data } = (await (await post(EMBEDDINGS, { input })).json()) as Reply;
    expect(data.map(({ embedding }) => embedding)).toEqual(expected);
  });

  test("base64 is the bytes of float32", async () => {
    const { post } = createPoolingApp();
    const { data } = (await (await post(EMBEDDINGS, { input: "abc", encoding_format: "base64" })).json()) as Reply;
    const bytes = Uint8Array.from(Buffer.from(data[0]!.embedding as string, "base64"));
    expect([...new Float32Array(bytes.buffer)]).toEqual([6, 294, -1, 0.5]);
  });

  test("dimensions and truncation are the engine's business", async () => {
    const { post, engine } = createPoolingApp();
    const body = { input: "a long text", dimensions: 2, truncate_prompt_tokens: -1, truncation_side: "left" };
    const { data } = (await (await post(EMBEDDINGS, body)).json()) as Reply;
    expect(data[0]!.embedding).toHaveLength(2);
    const options = { dimensions: 2, truncatePromptTokens: -1, truncationSide: "left" };
    expect(engine.embedded).toEqual([[["a long text"], { ...options, signal: expect.any(AbortSignal) }]]);
  });

  test.each([
    ["input", {}],
    ["input", { input: [] }],
    ["input", { input: "" }],
    ["input", { input: "a long text" }],
    ["input[1]", { input: ["a", "a long text"] }],
    ["input[1]", { input: ["a", [5]] }],
    ["input[0]", { input: [-1] }],
    ["encoding_format", { input: "a", encoding_format: "bytes" }],
    ["dimensions", { input: "a", dimensions: 0 }],
    ["messages", { input: "a", messages }],
    ["timeout_ms", { input: "a", timeout_ms: 0 }],
    ["priority", { input: "a", priority: 1 }],
  ])("%s is refused in %j", async (param, body) => {
    const { post } = createPoolingApp();
    expect(await problem(await post(EMBEDDINGS, body))).toMatchObject({ status: 400, param });
  });

  test("texts go to the engine together, token ids without a cut", async () => {
    const { post, engine } = createPoolingApp();
    const input = Array.from({ length: 2000 }, (_, i) => `t${i}`);
    const { data, usage } = (await (await post(EMBEDDINGS, { input, timeout_ms: 5000 })).json()) as Reply;
    expect([data.length, usage.prompt_tokens]).toEqual([2000, input.join("").length]);
    expect(engine.embedded.flatMap(([prompts]) => prompts)).toHaveLength(2000);
    expect(engine.embedded.length).toBeLessThan(200);
    // A deadline is the whole request's.
    const deadlines = engine.embedded.map(([, { timeoutMs }]) => timeoutMs!);
    expect(deadlines).toEqual(deadlines.toSorted((a, b) => b - a));
    expect(deadlines[0]).toBeLessThanOrEqual(5000);
  });

  test("a client that goes is no error, and what it asked for ends with it", async () => {
    const logger = createLogger("error", "json");
    const failed = vi.spyOn(logger, "error").mockImplementation(() => {});
    const { app, engine } = createTestApp({ pooling: true, maxModelLen: 8 }, { logger });
    const controller = new AbortController();
    vi.spyOn(engine, "embed").mockImplementation((_prompts, { signal } = {}) => {
      return new Promise((_, reject) => {
        signal!.addEventListener("abort", () => reject(signal!.reason as Error));
        controller.abort("gone"); // no error, as from node-server
      });
    });
    const body = JSON.stringify({ input: "a" });
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", body, headers, signal: controller.signal };
    expect((await app.request(EMBEDDINGS, init)).status).toBe(499);
    expect(failed).not.toHaveBeenCalled();
    const metrics = await (await app.request("/metrics")).text();
    expect(metrics).toMatch(/octavo:request_success_total\{finished_reason="abort",.*\} 1/);
    expect(await (await app.request("/load")).json()).toEqual({ server_load: 0 });
  });

  test("/abort_requests ends it by the reply's id, with a 503", async () => {
    const { engine, post } = createTestApp({ pooling: true, maxModelLen: 8 }, { developmentMode: true });
    let aborted: Promise<Response> | undefined;
    vi.spyOn(engine, "embed").mockImplementation((_prompts, { signal } = {}) => {
      aborted = post("/abort_requests", { request_ids: ["embd-mine"] });
      return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason as Error)));
    });
    const reply = await post(EMBEDDINGS, { input: "a", request_id: "mine" });
    expect(await problem(reply)).toMatchObject({ status: 503, message: expect.stringContaining("/abort_requests") });
    expect(await (await aborted!).json()).toEqual({ status: "aborted", aborted: 1 });
  });

  test("a deadline that passed is status 504", async () => {
    const { post, engine } = createPoolingApp();
    vi.spyOn(engine, "embed").mockRejectedValue(new OctavoError({ code: "TIMEOUT", message: "too late" }));
    expect(await problem(await post(EMBEDDINGS, { input: "a" }))).toMatchObject({ status: 504, message: "too late" });
  });

  test("without special tokens, where that is asked for", async () => {
    const { post, engine } = createPoolingApp();
    const encode = vi.spyOn(engine.tokenizer, "encode");
    await post(EMBEDDINGS, { input: "a long text", add_special_tokens: false, truncate_prompt_tokens: 3 });
    expect(encode).toHaveBeenCalledWith("a long text", { addSpecialTokens: false });
    expect(engine.embedded[0]![0][0]).toHaveLength(11);
  });

  test("counted by /metrics", async () => {
    const { post, app } = createPoolingApp();
    await post(EMBEDDINGS, { input: ["ab", "c"] });
    const text = await (await app.request("/metrics")).text();
    expect(text).toMatch(/octavo:request_success_total\{finished_reason="stop",.*\} 2/);
    expect(text).toMatch(/octavo:request_prompt_tokens_sum\{.*\} 3/);
  });
});

test("a model that generates makes no embeddings", async () => {
  const { post } = createTestApp();
  const found = await problem(await post(EMBEDDINGS, { input: "a" }));
  expect(found).toMatchObject({
    status: 400,
    param: "model",
    message: expect.stringMatching(/`fake`.*--runner pooling/),
  });
});

test("routes that generate are refused, the others answer", async () => {
  const { app, post } = createPoolingApp();
  for (const [path, body] of [
    [CHAT, { messages }],
    ["/v1/completions", { prompt: "a" }],
  ] as const) {
    const found = await problem(await post(path, body));
    expect(found).toMatchObject({ status: 400, param: "model", message: expect.stringContaining("/v1/embeddings") });
  }
  for (const path of ["/health", "/v1/models", "/metrics", "/version"]) {
    expect((await app.request(path)).status, path).toBe(200);
  }
  expect((await post("/tokenize", { prompt: "ab" })).status).toBe(200);
});
