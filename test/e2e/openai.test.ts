// The server as its users meet it: a real process that serves Pocket on the CPU, and the official OpenAI client.
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, startServer } from "./server-process.js";

let server: ServerProcess;
let client: OpenAI;

const model = "pocket";
const messages = [{ role: "user" as const, content: "Tell me a story about a small dog." }];
/** vLLM's fields beyond OpenAI's. */
const untilLength = { ignore_eos: true } as object;

beforeAll(async () => {
  server = await startServer();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
});

afterAll(() => server[Symbol.asyncDispose]());

/** The value of a metric of the engine. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^octavo:${name}\\{[^}]*\\} (\\S+)$`, "m").exec(text)![1]);
}

async function expectIdle(): Promise<void> {
  const names = ["num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"];
  await expect.poll(() => Promise.all(names.map(metric))).toEqual([0, 0, 0]);
}

/** How many requests ended before they were done. */
async function countAborted(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^octavo:request_success_total\{finished_reason="abort"[^}]*\} (\S+)$/m.exec(text)![1]);
}

async function readStream(options: object = {}) {
  const stream = await client.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...options,
  });
  let text = "";
  let chunks = 0;
  let finishReason: string | null = null;
  let usage: OpenAI.CompletionUsage | null = null;
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (choice) chunks++;
    text += choice?.delta.content ?? "";
    finishReason ??= choice?.finish_reason ?? null;
    usage ??= chunk.usage ?? null;
  }
  return { text, chunks, finishReason, usage: usage! };
}

describe("answers", () => {
  test("in one piece and streamed are the same", async () => {
    const options = { temperature: 0, max_tokens: 40 };
    const whole = await client.chat.completions.create({ model, messages, ...options });
    const streamed = await readStream(options);
    const choice = whole.choices[0]!;
    expect(choice.message).toMatchObject({ role: "assistant", content: streamed.text });
    expect(streamed.text.length).toBeGreaterThan(20);
    expect(choice.finish_reason).toBe(streamed.finishReason);
    expect(streamed.usage.completion_tokens).toBe(whole.usage!.completion_tokens);
    expect(streamed.usage.prompt_tokens).toBe(whole.usage!.prompt_tokens);
    // The role's chunk, then one for each token.
    expect(streamed.chunks).toBe(1 + streamed.usage.completion_tokens);
    expect(whole.id).toMatch(/^chatcmpl-/);
    expect(whole.model).toBe(model);
  });

  test("stop at max_tokens, at a stop string and at a stop token", async () => {
    const ask = async (options: object) => {
      const body = { model, prompt: "Once upon a time", temperature: 0, max_tokens: 24, ...untilLength, ...options };
      return (await client.completions.create(body)).choices[0]! as OpenAI.CompletionChoice & { stop_reason: unknown };
    };
    const long = await ask({});
    expect(long).toMatchObject({ finish_reason: "length", stop_reason: null });
    const word = long.text.trim().split(/\s+/)[3]!;
    const cut = await ask({ stop: [word] });
    expect(cut).toMatchObject({ finish_reason: "stop", stop_reason: word });
    expect(cut.text).toBe(long.text.slice(0, long.text.indexOf(word)));
    const kept = await ask({ stop: word, include_stop_str_in_output: true });
    expect(kept.text).toBe(cut.text + word);
    const tokens = await tokenize({ prompt: long.text, add_special_tokens: false });
    const byToken = await ask({ stop_token_ids: [tokens[3]] });
    expect(byToken).toMatchObject({ finish_reason: "stop", stop_reason: tokens[3] });
  });

  test("repeat with the same seed, differ with another", async () => {
    const ask = async (seed: number) => (await readStream({ temperature: 1, seed, max_tokens: 30 })).text;
    const [first, again, other] = await Promise.all([ask(7), ask(7), ask(8)]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("to several prompts, as text and as ids", async () => {
    const prompts = ["Once upon a time", "The little cat"];
    const options = { model, temperature: 0, max_tokens: 12 };
    const texts = await client.completions.create({ ...options, prompt: prompts });
    const ids = await Promise.all(prompts.map((prompt) => tokenize({ prompt })));
    const byIds = await client.completions.create({ ...options, prompt: ids });
    expect(texts.choices.map((choice) => choice.index)).toEqual([0, 1]);
    expect(byIds.choices.map((choice) => choice.text)).toEqual(texts.choices.map((choice) => choice.text));
    expect(texts.usage!.prompt_tokens).toBe(ids.flat().length);
    const alone = await client.completions.create({ ...options, prompt: prompts[1]! });
    expect(alone.choices[0]!.text).toBe(texts.choices[1]!.text);
    const { prompt } = (await (await post("/detokenize", { tokens: ids[0] })).json()) as { prompt: string };
    expect(prompt).toContain(prompts[0]);
  });

  test("64 streams at once, each as if alone", async () => {
    const options = { temperature: 0, max_tokens: 20 };
    const alone = await readStream(options);
    const all = await Promise.all(Array.from({ length: 64 }, () => readStream(options)));
    expect(new Set(all.map((reply) => reply.text))).toEqual(new Set([alone.text]));
    await expectIdle();
  });
});

describe("a client that hangs up", () => {
  test("in a stream frees everything", async () => {
    const before = await countAborted();
    const stream = await client.chat.completions.create({ model, messages, stream: true, ...untilLength });
    for await (const _ of stream) break;
    await expect.poll(countAborted).toBe(before + 1);
    await expectIdle();
  });

  test("while it waits for the whole answer frees everything", async () => {
    const before = await countAborted();
    const controller = new AbortController();
    const body = { model, messages, ...untilLength };
    const reply = client.chat.completions.create(body, { signal: controller.signal });
    await expect.poll(() => metric("num_requests_running"), { interval: 5 }).toBe(1);
    expect(await metric("kv_cache_usage_perc")).toBeGreaterThan(0);
    controller.abort();
    await expect(reply).rejects.toThrow();
    await expect.poll(countAborted).toBe(before + 1);
    await expectIdle();
  });
});

function post(path: string, body: unknown): Promise<Response> {
  const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return fetch(server.url + path, { method: "POST", body: text as RequestInit["body"] });
}

async function tokenize(body: object): Promise<number[]> {
  const reply = (await (await post("/tokenize", body)).json()) as { tokens: number[] };
  return reply.tokens;
}

describe("bad input gets its status and its field, and the server goes on", () => {
  const chat = "/v1/chat/completions";
  const bytes = (text: string) => new TextEncoder().encode(text);
  test.each<[string, string, unknown, number, string | null]>([
    ["malformed JSON", chat, '{"messages":', 400, null],
    ["wrong type", chat, { messages, temperature: "hot" }, 400, "temperature"],
    ["wrong type inside", chat, { messages: [{ role: "user", content: 5 }] }, 400, "messages[0].content"],
    ["unknown model", chat, { messages, model: "other" }, 404, "model"],
    ["prompt too long", chat, { messages: [{ role: "user", content: "dog ".repeat(3000) }] }, 400, "messages"],
    ["max_tokens too large", chat, { messages, max_tokens: 4000 }, 400, "max_tokens"],
    ["a prompt of 12 MB", "/v1/completions", { prompt: "dog ".repeat(3e6) }, 400, "prompt"],
    ["4 million documents", chat, `{"messages":[],"documents":[${"{},".repeat(4e6)}{}]}`, 400, "documents"],
    ["NaN", chat, '{"messages":[],"temperature":NaN}', 400, "temperature"],
    ["100 MB", chat, Buffer.alloc(100 * 2 ** 20, "a"), 413, null],
    ["deep nesting", chat, `{"messages":${"[".repeat(1e5)}`, 400, null],
    ["invalid UTF-8", chat, Uint8Array.from([...bytes('{"a":"'), 0xc3, 0x28, ...bytes('"}')]), 400, null],
    ["temperature out of range", chat, { messages, temperature: -1 }, 400, "temperature"],
    ["top_p out of range", chat, { messages, top_p: 1.5 }, 400, "top_p"],
    ["top_p 0", chat, { messages, top_p: 0 }, 400, "top_p"],
    ["a stop token out of range", chat, { messages, stop_token_ids: [99999] }, 400, "stop_token_ids"],
    ["an empty stop string", chat, { messages, stop: [""] }, 400, "stop"],
    ["a token id out of range", "/v1/completions", { prompt: [4096] }, 400, "prompt[0]"],
    ["a field of tomorrow", chat, { messages, reasoning_effort: "high" }, 400, "reasoning_effort"],
    ["too many logprobs", "/v1/completions", { prompt: "a", logprobs: 21 }, 400, "logprobs"],
    ["logprobs of everything", "/v1/completions", { prompt: "a", logprobs: -1 }, 400, "logprobs"],
    ["too many prompt_logprobs", "/v1/completions", { prompt: "a", prompt_logprobs: 21 }, 400, "prompt_logprobs"],
    ["too many top_logprobs", chat, { messages, logprobs: true, top_logprobs: 21 }, 400, "top_logprobs"],
    ["top_logprobs alone", chat, { messages, top_logprobs: 1 }, 400, "top_logprobs"],
    [
      "an image",
      chat,
      { messages: [{ role: "user", content: [{ type: "image_url" }] }] },
      400,
      "messages[0].content[0].type",
    ],
  ])("%s", async (_name, path, body, status, param) => {
    const response = await post(path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String), param, code: status } });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test("a lone surrogate is a replacement character", async () => {
    const body = '{"messages":[{"role":"user","content":"a \\ud800 b"}],"max_tokens":2}';
    expect((await post(chat, body)).status).toBe(200);
  });

  test("the official client throws its own error classes", async () => {
    const create = (body: object) => client.chat.completions.create({ model, messages, ...body });
    await expect(create({ model: "x" })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(create({ n: 0 })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(create({ n: 0 })).rejects.toMatchObject({ param: "n", type: "BadRequestError", code: 400 });
  });
});

test("what is listed", async () => {
  const models = await client.models.list();
  expect(models.data.map((card) => card.id)).toEqual([model]);
  expect(await client.models.retrieve(model)).toMatchObject({ id: model, max_model_len: 2048 });
  expect((await fetch(`${server.url}/`)).headers.get("content-type")).toContain("text/html");
});
