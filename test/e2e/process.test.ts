// The life of the server's process: keys, signals, and starts that fail.
import { connect } from "node:net";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { dummyShape } from "../fixtures/dummy-shape.js";
import { runCli, startServer } from "./server-process.js";

const messages = [{ role: "user" as const, content: "Tell me a story." }];
const untilLength = { ignore_eos: true } as object;

function clientOf(url: string, apiKey = "unused"): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

test("keys and names from flags and environment", async () => {
  await using server = await startServer(["--api-key", "one", "--api-key", "two", "--served-model-name", "a", "b"]);
  const models = await clientOf(server.url, "two").models.list();
  expect(models.data.map((card) => card.id)).toEqual(["a", "b"]);
  await expect(clientOf(server.url, "three").models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

test("SIGTERM lets running streams end, then exits 0", async () => {
  await using server = await startServer(["--log-level", "warn"], { OCTAVO_API_KEY: "secret" });
  const client = clientOf(server.url, "secret");
  const stream = await client.chat.completions.create({
    model: "pocket",
    messages,
    stream: true,
    max_tokens: 300,
    ...untilLength,
  });
  let tokens = -1;
  let last = "";
  for await (const chunk of stream) {
    if (tokens++ < 0) server.process.kill("SIGTERM");
    last = chunk.choices[0]?.finish_reason ?? last;
  }
  expect([tokens, last]).toEqual([300, "length"]);
  expect(await server.exited).toBe(0);
  expect(server.log()).toBe("");
});

test("a second signal exits at once", async () => {
  await using server = await startServer();
  const body = { model: "pocket", messages, stream: true as const, ...untilLength };
  const stream = await clientOf(server.url).chat.completions.create(body);
  const reading = (async () => {
    for await (const _ of stream);
  })().catch(() => "cut");
  server.process.kill("SIGINT");
  await expect.poll(() => server.log()).toContain("draining");
  server.process.kill("SIGINT");
  expect(await server.exited).toBe(130);
  await reading;
});

test("a shutdown that runs out of time tells its clients", async () => {
  await using server = await startServer(["--shutdown-timeout", "0.3"]);
  const ask = (stream: boolean) => {
    const body = JSON.stringify({ prompt: "Once", stream, max_tokens: 2000, ...untilLength });
    return fetch(`${server.url}/v1/completions`, { method: "POST", body });
  };
  const [stream, whole] = [await ask(true), ask(false)];
  await expect.poll(async () => (await fetch(`${server.url}/metrics`)).text()).toMatch(/num_requests_running\S* 2$/m);
  server.process.kill("SIGTERM");
  const reply = await whole;
  expect([reply.status, await reply.json()]).toMatchObject([503, { error: { code: 503 } }]);
  const events = (await stream.text()).trimEnd().split("\n\n");
  expect(events.at(-2)).toContain('"code":503');
  expect(events.at(-1)).toBe("data: [DONE]");
  expect(await server.exited).toBe(0);
});

test("a hang-up frees all pipelined requests", async () => {
  await using server = await startServer(["--log-level", "warn"]);
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  const body = JSON.stringify({ prompt: "Once", max_tokens: 2000, ...untilLength });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  const head = `POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`.repeat(5));
  await expect.poll(metrics).toMatch(/num_requests_running\S* 5$/m);
  socket.destroy();
  // Not by themselves, at 2000 tokens.
  await expect.poll(metrics).toMatch(/request_success_total\{finished_reason="abort"\S* 5$/m);
  expect(await metrics()).toMatch(/num_requests_running\S* 0$/m);
  expect(server.log()).toBe("");
});

test("a full queue is a 503 with Retry-After", async () => {
  await using server = await startServer(["--max-num-queued-reqs", "1"]);
  const body = JSON.stringify({ messages, stream: true, ...untilLength });
  const ask = () => fetch(`${server.url}/v1/chat/completions`, { method: "POST", body });
  const first = await ask();
  const second = await ask();
  expect([second.status, second.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await second.json()).toMatchObject({ error: { code: 503, type: "ServiceUnavailableError" } });
  await first.body!.cancel();
  const status = async () => {
    const third = await ask();
    await third.body!.cancel();
    return third.status;
  };
  await expect.poll(status).toBe(200);
});

test("starts that fail say what to do, without a stack, and exit 1", async () => {
  await using server = await startServer();
  const port = new URL(server.url).port;
  for (const [args, text] of [
    [["serve", "--port", port], /in use.*--port/],
    [["serve", "/no/such/model", "--port", "0"], /\/no\/such\/model/],
    [["serve", "--port", "0", "--max-model-len", "99999"], /max_model_len 99999.*2048/],
    [["serve", "--dtype", "int3"], /--dtype/],
    [["serve", "--host", ""], /--host/],
  ] as const) {
    const { code, stdout, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(text);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

test("dummy weights serve token ids from config.json alone", async () => {
  using shape = dummyShape();
  await using server = await startServer([shape.folder, "--load-format", "dummy", "--served-model-name", "dummy"]);
  expect(server.log()).toMatch(/has no tokenizer: prompts must be token ids/);
  const client = clientOf(server.url);
  const reply = await client.completions.create({ model: "dummy", prompt: [5, 6, 7], max_tokens: 4, ...untilLength });
  expect(reply).toMatchObject({ choices: [{ text: "" }], usage: { prompt_tokens: 3, completion_tokens: 4 } });
  const text = client.completions.create({ model: "dummy", prompt: "Once" });
  await expect(text).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/without a tokenizer/) });
});
