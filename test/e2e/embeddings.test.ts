// An encoder behind a real server, with the official OpenAI client.
import { rmSync } from "node:fs";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { copyOf, goldenEncoder, largestGap } from "../parity/golden-encoders.js";
import { type ServerProcess, startServer } from "./server-process.js";

const model = "tiny-bert";
const { folder, texts } = goldenEncoder("bert");
// One is longer than the model reads.
const short = texts.filter(({ length }) => length < 24);

/** Of a machine that others use, too. */
const WAIT = { timeout: 10_000, interval: 100 };

let copy: string;
let server: ServerProcess;
let client: OpenAI;

beforeAll(async () => {
  copy = copyOf(folder, { matryoshka_dimensions: [4, 8] });
  server = await startServer([copy, "--served-model-name", model]);
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(copy, { recursive: true });
});

test("texts, in both encodings", async () => {
  const input = short.map(({ text }) => text);
  // By itself the client asks for base64.
  for (const format of [undefined, "float"] as const) {
    const { data, usage } = await client.embeddings.create({ model, input, encoding_format: format });
    const gaps = data.map(({ embedding }, i) => largestGap(embedding, short[i]!.embedding));
    expect(gaps).toHaveLength(5);
    for (const gap of gaps) expect(gap, `distances ${gaps}`).toBeLessThan(1e-4);
    expect(usage.prompt_tokens).toBe(short.reduce((sum, { length }) => sum + length, 0));
  }
});

test("a text that is too long is refused, or cut", async () => {
  const long = texts.find(({ length }) => length === 24)!;
  await expect(client.embeddings.create({ model, input: long.text })).rejects.toMatchObject({
    status: 400,
    param: "input",
  });
  const cut = { model, input: long.text, truncate_prompt_tokens: -1 } as OpenAI.EmbeddingCreateParams;
  const { data, usage } = await client.embeddings.create(cut);
  expect(usage.prompt_tokens).toBe(24);
  expect(largestGap(data[0]!.embedding, long.embedding)).toBeLessThan(1e-4);
});

test("dimensions, of a model that was trained for them", async () => {
  const { data } = await client.embeddings.create({ model, input: "a cat", dimensions: 4, encoding_format: "float" });
  expect(data[0]!.embedding).toHaveLength(4);
  expect(Math.hypot(...data[0]!.embedding)).toBeCloseTo(1, 5);
  for (const dimensions of [5, 33]) {
    await expect(client.embeddings.create({ model, input: "a cat", dimensions })).rejects.toMatchObject({
      status: 400,
      param: "dimensions",
    });
  }
});

test("thousands of texts, beside which others are answered", async () => {
  const input = Array.from({ length: 3000 }, (_, i) => short[i % short.length]!.text);
  const began = performance.now();
  const many = client.embeddings.create({ model, input });
  const waits: number[] = [];
  for (let i = 0; i < 5; i++) {
    const asked = performance.now();
    await client.embeddings.create({ model, input: "a cat" });
    waits.push(performance.now() - asked);
  }
  const { data } = await many;
  expect(data).toHaveLength(3000);
  expect(largestGap(data[2999]!.embedding, short[2999 % short.length]!.embedding)).toBeLessThan(1e-4);
  expect(Math.min(...waits)).toBeLessThan(performance.now() - began);
});

test("a client that goes, and one that gives too little time", async () => {
  const input = Array.from({ length: 4000 }, () => "the cat sat on the mat");
  const controller = new AbortController();
  const gone = client.embeddings.create({ model, input }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await expect(gone).rejects.toThrow(/abort/i);
  const late = { model, input, timeout_ms: 1 } as OpenAI.EmbeddingCreateParams;
  await expect(client.embeddings.create(late)).rejects.toMatchObject({ status: 504 });
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^octavo:num_requests_waiting\{[^}]*\} 0$/m);
    expect(metrics).toMatch(/^octavo:request_success_total\{finished_reason="abort"[^}]*\} [1-9]/m);
    expect(await (await fetch(`${server.url}/load`)).json()).toEqual({ server_load: 0 });
  }, WAIT);
  expect(server.log()).not.toContain("request failed");
});

test("health, models and metrics answer; what generates is refused", async () => {
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect((await client.models.list()).data).toMatchObject([{ id: model, max_model_len: 24 }]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/^octavo:prompt_tokens_total\{[^}]*\} [1-9]/m);
  expect(metrics).toMatch(/^octavo:num_requests_waiting\{[^}]*\} 0$/m);
  const chat = client.chat.completions.create({ model, messages: [{ role: "user", content: "Hello!" }] });
  await expect(chat).rejects.toMatchObject({ status: 400, message: expect.stringContaining("/v1/embeddings") });
});
