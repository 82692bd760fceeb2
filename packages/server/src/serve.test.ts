// Real sockets: what app.request() cannot show.
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { type Listener, listen } from "./serve.js";
import type { FakeEngineOptions } from "./testing/fake-engine.js";
import { CHAT, createTestApp, eventData, messages, problem } from "./testing/request.js";

const listeners: Listener[] = [];

async function start(options: FakeEngineOptions = {}) {
  const { app, engine } = createTestApp(options);
  const listener = await listen({ port: 0 });
  listeners.push(listener);
  listener.attach(app);
  const post = (body: unknown, signal?: AbortSignal) =>
    fetch(listener.url + CHAT, { method: "POST", body: JSON.stringify(body), signal: signal ?? null });
  return { listener, engine, post };
}

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.drain(0)));
});

const tick = (ms = 5) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test.each([true, false])("a client that hangs up aborts its request (stream: %s)", async (stream) => {
  const { engine, post } = await start({ text: "x".repeat(500), beforeToken: () => tick() });
  const controller = new AbortController();
  const reply = post({ messages, stream }, controller.signal).then(async (response) => response.text());
  await expect.poll(() => engine.running).toBe(1);
  await tick(30);
  controller.abort();
  await expect(reply).rejects.toThrow(/abort/);
  await expect.poll(() => [engine.running, engine.aborted]).toEqual([0, 1]);
});

test("a client that hangs up aborts its pipelined requests too", async () => {
  const { listener, engine, post } = await start({ text: "x".repeat(500), beforeToken: () => tick() });
  const warned = vi.fn();
  process.on("warning", warned);
  const body = JSON.stringify({ messages });
  const socket = connect(listener.port, "127.0.0.1");
  socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`.repeat(20));
  await expect.poll(() => engine.running).toBe(20);
  socket.destroy();
  await expect.poll(() => [engine.running, engine.aborted]).toEqual([0, 20]);
  expect((await post({ messages, stream: true })).status).toBe(200);
  process.off("warning", warned);
  expect(warned).not.toHaveBeenCalled();
});

test("pipelined requests are answered in order", async () => {
  const { listener } = await start({ text: "abc", beforeToken: () => tick() });
  const body = JSON.stringify({ messages });
  const socket = connect(listener.port, "127.0.0.1");
  let text = "";
  socket.on("data", (data) => {
    text += data;
  });
  for (let i = 0; i < 3; i++) {
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: a\r\nx-request-id: r${i}\r\ncontent-length: ${body.length}`;
    socket.write(`${head}\r\n\r\n${body}`);
  }
  await expect.poll(() => text.match(/chatcmpl-r\d/g)).toEqual(["chatcmpl-r0", "chatcmpl-r1", "chatcmpl-r2"]);
  socket.destroy();
});

test("100 streams at once", async () => {
  const { engine, post } = await start({ text: "abcdefghij", beforeToken: () => tick() });
  const replies = await Promise.all(Array.from({ length: 100 }, () => post({ messages, stream: true })));
  const lengths = await Promise.all(replies.map(async (reply) => (await eventData(reply)).length));
  expect(lengths).toEqual(new Array(100).fill(12));
  expect(engine.running).toBe(0);
});

test("a client that does not read holds back only its own stream", async () => {
  let produced = 0;
  const beforeToken = async () => {
    produced++;
    if (produced % 100 === 0) await tick(0);
  };
  const { listener, engine } = await start({ text: "x".repeat(200_000), beforeToken, maxModelLen: 300_000 });
  const body = JSON.stringify({ messages, stream: true });
  const socket: Socket = connect(listener.port, "127.0.0.1");
  socket.pause();
  socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  let before = -1;
  while (produced === 0 || produced !== before) {
    before = produced;
    await tick(300);
  }
  expect(produced).toBeGreaterThan(100);
  expect(produced).toBeLessThan(150_000);
  socket.destroy();
  await expect.poll(() => engine.running).toBe(0);
});

test.each([true, false])("a body of 100 MB gets its 413 (announced length: %s)", async (announced) => {
  const { listener, post } = await start();
  const chunk = Buffer.alloc(2 ** 20, "a");
  const response = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = announced ? { "content-length": String(100 * chunk.length) } : {};
    const request = httpRequest(listener.url + CHAT, { method: "POST", headers }, async (incoming) => {
      let text = "";
      for await (const part of incoming) text += part;
      resolve({ status: incoming.statusCode, text });
    });
    request.on("error", reject);
    const send = async () => {
      for (let i = 0; i < 100; i++) if (!request.write(chunk)) await new Promise((next) => request.once("drain", next));
      request.end();
    };
    void send();
  });
  expect(response.status).toBe(413);
  expect(JSON.parse(response.text).error).toMatchObject({ code: 413, type: "RequestTooLargeError" });
  expect((await post({ messages })).status).toBe(200);
});

test("a client that stops in the middle of its body does no harm", async () => {
  const { listener, post } = await start();
  const socket = connect(listener.port, "127.0.0.1");
  socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n{"messages":`);
  await tick(30);
  socket.destroy();
  await tick(30);
  expect((await post({ messages })).status).toBe(200);
});

test("what is not HTTP gets a 400", async () => {
  const { listener, post } = await start();
  const answer = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(listener.port, "127.0.0.1", () => socket.write(text));
      socket.once("data", (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
  expect(await answer("nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect(await answer("GET /\\x HTTP/1.1\r\nhost: a\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 .*BadRequestError/s);
  expect((await post({ messages })).status).toBe(200);
});

/** What the server answers to raw bytes, as soon as `pattern` is there or the connection closes. */
function exchange(port: number, text: string, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (data) => {
      answer += data;
      if (pattern.test(answer)) end();
    });
    socket.on("end", end);
    socket.on("error", reject);
  });
}

test("a body that is announced too large is refused at once, also when it never comes", async () => {
  const { listener } = await start();
  const started = performance.now();
  const head = `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 104857600\r\n`;
  expect(await exchange(listener.port, `${head}\r\n${"a".repeat(1000)}`, /"code":413/)).toMatch(/^HTTP\/1\.1 413 /);
  const waiting = await exchange(listener.port, `${head}expect: 100-continue\r\n\r\n`, /"code":413/);
  expect(waiting).toMatch(/^HTTP\/1\.1 413 /);
  expect(performance.now() - started).toBeLessThan(5000);
});

test("a connection whose refused body does not come is closed", async () => {
  const { listener } = await start();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    let closed = false;
    const socket = connect(listener.port, "127.0.0.1");
    socket.on("close", () => {
      closed = true;
    });
    const answered = new Promise((resolve) => socket.once("data", resolve));
    socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 104857600\r\n\r\nabc`);
    await answered;
    await vi.advanceTimersByTimeAsync(4000);
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(2000);
    await new Promise<void>((resolve) => (closed ? resolve() : socket.once("close", () => resolve())));
  } finally {
    vi.useRealTimers();
  }
});

test("Expect: 100-continue gets its 100 when the body is wanted", async () => {
  const { listener } = await start();
  const body = JSON.stringify({ messages });
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(listener.port, "127.0.0.1");
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: ${body.length}`;
    socket.write(`${head}\r\n\r\n`);
    socket.on("data", (data) => {
      text += data;
      if (text === "HTTP/1.1 100 Continue\r\n\r\n") socket.write(body);
      if (text.includes("chat.completion")) resolve(text);
    });
  });
  expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  const refused = await exchange(
    listener.port,
    "POST /nope HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n",
    /"code":404/,
  );
  expect(refused).toMatch(/^HTTP\/1\.1 404 /);
});

test("odd request targets are routes that do not exist", async () => {
  const { listener } = await start();
  for (const target of ["POST //v1/completions", "GET //v1/models", "OPTIONS *"]) {
    const text = `${target} HTTP/1.1\r\nhost: localhost:${listener.port}\r\n\r\n`;
    const answer = await exchange(listener.port, text, /"code":\d+/);
    expect(answer).toMatch(/^HTTP\/1\.1 404 .*There is no route \/.*"type":"NotFoundError"/s);
  }
});

test("503 until there is an app", async () => {
  const listener = await listen({ port: 0 });
  listeners.push(listener);
  const response = await fetch(`${listener.url}/health`);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(await problem(response)).toMatchObject({ status: 503, message: expect.stringContaining("being loaded") });
});

test("draining lets running streams end, refuses new ones and ignores idle connections", async () => {
  const { listener, post } = await start({ text: "abcdefghij", beforeToken: () => tick(20) });
  const idle = connect(listener.port, "127.0.0.1");
  const reply = await post({ messages, stream: true });
  const drained = listener.drain(5000);
  await expect(fetch(`${listener.url}/health`)).rejects.toThrow();
  const refused = new Promise<string>((resolve) => idle.once("data", (data) => resolve(data.toString())));
  idle.write("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
  expect(await refused).toMatch(/^HTTP\/1\.1 503 .*shutting down/s);
  expect(await eventData(reply)).toHaveLength(12);
  expect(await drained).toBe(true);
  idle.destroy();
});

test("draining cuts off what outlives the timeout", async () => {
  const { listener, engine, post } = await start({ text: "x".repeat(1000), beforeToken: () => tick(20) });
  const reply = await post({ messages, stream: true });
  const text = reply.text().catch(() => "cut");
  expect(await listener.drain(100)).toBe(false);
  expect(await text).toBe("cut");
  await expect.poll(() => engine.running).toBe(0);
});

test("what outlives the timeout is told before its connection closes", async () => {
  const { listener, engine, post } = await start({ text: "x".repeat(1000), beforeToken: () => tick(20) });
  const stream = await post({ messages, stream: true });
  const events = eventData(stream);
  const whole = post({ messages });
  await expect.poll(() => engine.running).toBe(2);
  const started = performance.now();
  expect(await listener.drain(100, () => void engine.dispose())).toBe(false);
  expect(performance.now() - started).toBeLessThan(8000);
  expect(await problem(await whole)).toMatchObject({ status: 503, message: expect.stringContaining("shutting down") });
  expect((await events).slice(-2)).toEqual([expect.stringContaining('"code":503'), "[DONE]"]);
});

test("a port in use says so", async () => {
  const { listener } = await start();
  const message = expect.stringMatching(/in use.*--port/);
  await expect(listen({ port: listener.port })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    param: "port",
    message,
  });
  await expect(listen({ host: "", port: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT", param: "host" });
  await expect(listen({ host: "203.0.113.1", port: 0 })).rejects.toMatchObject({ param: "host" });
});
