// An encoder behind a real server, with the official OpenAI client.
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenEncoder, largestGap } from "../parity/golden-encoders.js";
import { type ServerProcess, startServer } from "./server-process.js";

const model = "tiny-bert";
const { folder, texts } = goldenEncoder("bert");
// One is longer than the model reads.
const short = texts.filter(({ length }) => length < 24);

let server: ServerProcess;
let client: OpenAI;

beforeAll(async () => {
  server = await startServer([folder, "--served-model-name", model]);
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
});

afterAll(() => server[Symbol.asyncDispose]());

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

test("dimensions", async () => {
  const { data } = await client.embeddings.create({ model, input: "a cat", dimensions: 4, encoding_format: "float" });
  expect(data[0]!.embedding).toHaveLength(4);
  expect(Math.hypot(...data[0]!.embedding)).toBeCloseTo(1, 5);
  await expect(client.embeddings.create({ model, input: "a cat", dimensions: 33 })).rejects.toMatchObject({
    status: 400,
    param: "dimensions",
  });
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
