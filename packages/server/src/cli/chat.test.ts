import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createTestApp } from "../testing/request.js";
import { ChatSession, runChat } from "./chat.js";

/** A conversation with a fake engine, which answers "Hello" or what `beforeToken` lets through. */
function connect(beforeToken?: (index: number) => Promise<void> | void) {
  const { app, engine } = createTestApp({ text: "Hello", beforeToken });
  const out = new PassThrough({ encoding: "utf8" });
  const connection = { model: "fake", fetchPath: app.request.bind(app), async [Symbol.asyncDispose]() {} };
  const prompts = () => engine.requests.map(({ prompt }) => String.fromCharCode(...Array.from(prompt as Int32Array)));
  return { connection, engine, out, prompts, said: () => (out.read() as string | null) ?? "" };
}

test("history, system prompt, retry and reset make the next prompt", async () => {
  const { connection, out, prompts } = connect();
  const session = new ChatSession(connection, out, { systemPrompt: "S", sampling: { temperature: 0 } });
  for (const line of ["a", "  ", "b", "/retry", "/reset", "c", "/system T U", "d", "/system", "e"]) {
    expect(await session.take(line)).toBe(true);
  }
  expect(prompts()).toEqual([
    "system:S|user:a|assistant:",
    "system:S|user:a|assistant:Hello|user:b|assistant:",
    "system:S|user:a|assistant:Hello|user:b|assistant:",
    "system:S|user:c|assistant:",
    "system:T U|user:d|assistant:",
    "user:e|assistant:",
  ]);
  expect(await session.take("/quit")).toBe(false);
});

test("a stopped answer ends its request and stays in the conversation", async () => {
  let reached: () => void = () => {};
  const third = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const never = new Promise<void>(() => {});
  let blocked = true;
  const { connection, engine, out, prompts, said } = connect((index) => {
    if (index !== 2 || !blocked) return undefined;
    reached();
    return never;
  });
  const session = new ChatSession(connection, out, { sampling: {} });
  expect(session.stop()).toBe(false);
  const answer = session.take("a");
  await third;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(session.stop()).toBe(true);
  await answer;
  expect(said()).toBe("He (stopped)\n");
  expect([engine.running, engine.aborted]).toEqual([0, 1]);
  blocked = false;
  await session.take("b");
  expect(prompts()[1]).toBe("user:a|assistant:He|user:b|assistant:");
});

test("lines come from a stream, the end of which is the end", async () => {
  const { connection, out, said } = connect();
  const input = new PassThrough();
  input.end("hi\n/what\n");
  await runChat(connection, { sampling: {} }, input, out);
  expect(said()).toMatch(/^Hello\n\/system TEXT/);
});
