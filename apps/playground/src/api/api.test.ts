// Bodies that go out, events and errors that come in.
import { expect, test } from "vitest";
import { newConversation } from "../chat/conversation.js";
import { chatRequest } from "./chat-request.js";
import { adviceFor, problemOf } from "./problem.js";
import { EventSplitter, eventData } from "./server-sent-events.js";
import { percent, toTokenProbabilities, visibleText } from "./token-probabilities.js";

const options = { model: "m", logprobs: false };

test("a request holds the words and what was set, nothing else", () => {
  const question = { role: "user" as const, id: "q", text: "Hi" };
  const answer = {
    role: "assistant" as const,
    id: "a",
    text: "Ho",
    end: "stopped" as const,
    speed: { firstToken: 1, tokens: 1, tokensPerSecond: 1 },
  };
  const conversation = { ...newConversation("c", 0), messages: [question, answer, { ...question, text: "And?" }] };
  const stream = { stream: true, stream_options: { include_usage: true, continuous_usage_stats: true } };
  expect(chatRequest(conversation, options)).toEqual({
    model: "m",
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Ho" },
      { role: "user", content: "And?" },
    ],
    ...stream,
  });
  const set = {
    ...conversation,
    messages: [question],
    systemPrompt: "Be brief.",
    sampling: { temperature: 0, seed: 7 },
  };
  expect(chatRequest(set, { model: "", logprobs: true })).toEqual({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ],
    temperature: 0,
    seed: 7,
    logprobs: true,
    top_logprobs: 5,
    ...stream,
  });
  expect(chatRequest({ ...set, systemPrompt: " \n" }, options).messages).toHaveLength(1);
});

test("events come whole, wherever the bytes are cut", async () => {
  const text = 'data: {"a":"é"}\n\n: note\n\nevent: x\ndata: 1\ndata: 2\n\ndata:[DONE]\r\n\r\ndata: rest';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.slice(i * size, (i + 1) * size),
    );
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    const found: string[] = [];
    for await (const data of eventData(body)) found.push(data);
    expect(found).toEqual(['{"a":"é"}', "1\n2", "[DONE]"]);
  }
  expect(new EventSplitter().push("data: x\n\ndata: y\n\n")).toEqual(["x", "y"]);
});

test("errors say what can be done", () => {
  expect(problemOf(401, null, { error: "Unauthorized" })).toMatchObject({ kind: "key" });
  expect(problemOf(503, "3", null)).toMatchObject({ kind: "busy", message: expect.stringContaining("in 3 s") });
  expect(problemOf(503, null, null).message).toContain("in a while");
  const long = problemOf(400, null, { error: { message: "too long", param: "messages" } });
  expect([long.kind, long.message, adviceFor(long)]).toEqual([
    "refused",
    "too long",
    expect.stringContaining("Shorten"),
  ]);
  const hot = problemOf(400, null, { error: { message: "too hot", param: "temperature" } });
  expect(adviceFor(hot)).toBe("Change temperature in the settings.");
  expect(problemOf(500, null, "no JSON")).toMatchObject({
    kind: "server",
    message: "The server answered with status 500.",
  });
});

test("token probabilities of OpenAI's shape, and none of others", () => {
  const wire = {
    content: [
      {
        token: "A",
        logprob: -0.5,
        bytes: [65],
        top_logprobs: [{ token: "A", logprob: -0.5, bytes: [65] }, { token: "B" }],
      },
      { token: 5, logprob: 0 },
      null,
      { token: "b", logprob: -1 },
    ],
  };
  expect(toTokenProbabilities(wire)).toEqual([
    { text: "A", logprob: -0.5, top: [["A", -0.5]] },
    { text: "b", logprob: -1, top: [] },
  ]);
  for (const other of [null, undefined, {}, { content: null }, { tokens: ["x"] }]) {
    expect(toTokenProbabilities(other)).toEqual([]);
  }
  expect([0, -0.031, -4, -20].map(percent)).toEqual(["100 %", "97 %", "1.8 %", "< 0.1 %"]);
  expect([" a\n", "\t", ""].map(visibleText)).toEqual(["·a↵", "⇥", "∅"]);
});
