import { pino } from "pino";
import { expect, test } from "vitest";
import { CHAT, createTestApp, messages } from "../testing/request.js";
import { formatLine } from "./format-line.js";

test("one line a request, written when the stream is over", async () => {
  const lines: string[] = [];
  const logger = pino({ level: "info", base: null }, { write: (line) => void lines.push(line) });
  const { post } = createTestApp({}, { logger });
  const response = await post(CHAT, { messages, stream: true }, { "x-request-id": "r7" });
  await response.text();
  await post(CHAT, "{");
  const [stream, bad] = lines.map((line) => JSON.parse(line));
  expect(lines).toHaveLength(2);
  expect(stream).toMatchObject({ requestId: "r7", method: "POST", path: CHAT, status: 200, msg: "request" });
  expect(stream).toMatchObject({
    ms: expect.any(Number),
    promptTokens: 18,
    completionTokens: 5,
    queueMs: 0.1,
    finishReasons: "stop",
  });
  expect(stream.ttftMs).toBeLessThanOrEqual(stream.ms);
  expect(bad).toMatchObject({ status: 400 });
  expect(formatLine(lines[0]!)).toMatch(
    /^\d\d:\d\d:\d\d info request requestId=r7 method=POST .*completionTokens=5 .*finishReasons=stop\n$/,
  );
});

test("a prompt is in the log only where the operator asked for it", async () => {
  for (const logRequests of [false, true]) {
    const lines: string[] = [];
    const logger = pino({ level: "trace", base: null }, { write: (line) => void lines.push(line) });
    const { post } = createTestApp({}, { logger, logRequests });
    const secret = { messages: [{ role: "user", content: "open sesame" }] };
    await post(CHAT, secret, { "x-request-id": "r8" });
    await post("/v1/completions", { prompt: "open sesame", request_id: "r9" });
    await post("/v1/completions", { prompt: "open sesame", temperature: -1 });
    await post("/tokenize", { prompt: "open sesame" });
    expect(lines.filter((line) => line.includes("open sesame"))).toHaveLength(logRequests ? 3 : 0);
    if (!logRequests) continue;
    expect(lines.map((line) => JSON.parse(line)).slice(0, 2)).toMatchObject([
      { msg: "received", requestId: "r8", body: JSON.stringify(secret) },
      { msg: "request", requestId: "r8" },
    ]);
  }
});

test("an error's stack stands below its line", () => {
  const line = JSON.stringify({
    level: 50,
    time: 0,
    msg: "failed",
    err: { message: "x", stack: "Error: x\n    at y" },
  });
  expect(formatLine(line)).toMatch(/ error failed\nError: x\n {4}at y\n$/);
});
