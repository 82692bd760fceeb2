import { describe, expect, test } from "vitest";
import { createTestApp, eventData, problem } from "../../testing/request.js";

const CHAT = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];

interface Reply {
  readonly choices: readonly { logprobs: { content: unknown[] } }[];
  readonly prompt_logprobs: unknown[];
  readonly usage: { prompt_tokens: number };
}

async function reply(body: object, text = "é!") {
  const { post, engine } = createTestApp({ text });
  const response = await post(CHAT, { messages, ...body });
  expect(response.status).toBe(200);
  return { engine, json: (await response.json()) as Reply };
}

describe("logprobs of chat completions", () => {
  test("one entry a token, with its UTF-8 bytes and the most likely tokens", async () => {
    const { json, engine } = await reply({ logprobs: true, top_logprobs: 2 });
    expect(engine.requests[0]!.params).toMatchObject({ logprobs: 2 });
    const top_logprobs = [
      { token: "A", logprob: -1, bytes: [65] },
      { token: "B", logprob: -9999, bytes: [66] },
    ];
    expect(json.choices[0]!.logprobs).toEqual({
      content: [
        { token: "é", logprob: -0.5, bytes: [195, 169], top_logprobs },
        { token: "!", logprob: -0.5, bytes: [33], top_logprobs },
      ],
      refusal: null,
    });
  });

  test("without top_logprobs, or with 0, the list is empty", async () => {
    for (const body of [{ logprobs: true }, { logprobs: true, top_logprobs: 0 }]) {
      const { json, engine } = await reply(body);
      expect(engine.requests[0]!.params).toMatchObject({ logprobs: 0 });
      expect(json.choices[0]!.logprobs.content[1]).toEqual({
        token: "!",
        logprob: -0.5,
        bytes: [33],
        top_logprobs: [],
      });
    }
  });

  test("false, null and 0 ask for nothing", async () => {
    for (const body of [{ logprobs: false }, { logprobs: null, top_logprobs: null }, { top_logprobs: 0 }]) {
      const { json, engine } = await reply(body);
      expect(json.choices[0]!.logprobs).toBeNull();
      expect(engine.requests[0]!.params).toEqual({ maxTokens: null });
    }
  });

  test("in a stream of several choices each chunk has its own", async () => {
    const { post } = createTestApp({ text: "xy" });
    const data = await eventData(await post(CHAT, { messages, stream: true, logprobs: true, n: 2 }));
    const choices = data.slice(0, -1).flatMap((line) => JSON.parse(line).choices);
    for (const index of [0, 1]) {
      const own = choices.filter((choice) => choice.index === index);
      expect(own[0]).toMatchObject({ delta: { role: "assistant" }, logprobs: null });
      expect(own.slice(1).flatMap(({ logprobs }) => logprobs.content.map((t: { token: string }) => t.token))).toEqual([
        "x",
        "y",
      ]);
    }
  });

  test("prompt_logprobs stand beside the choices", async () => {
    const { json } = await reply({ prompt_logprobs: 0, n: 2 });
    expect(json.choices).toHaveLength(2);
    expect(json.prompt_logprobs[0]).toBeNull();
    expect(json.prompt_logprobs[1]).toEqual({ 115: { logprob: -0.5, rank: 7, decoded_token: "s" } });
    expect(json.usage.prompt_tokens).toBe(json.prompt_logprobs.length);
  });
});

test("logprob_token_ids take the place of the most likely tokens", async () => {
  const { post, engine } = createTestApp({ text: "xy" });
  const body = { messages, logprobs: true, top_logprobs: 5, logprob_token_ids: [66, 99] };
  const json = (await (await post(CHAT, body)).json()) as {
    choices: { logprobs: { content: { token: string; top_logprobs: { token: string }[] }[] } }[];
  };
  expect(engine.requests[0]!.params).toEqual({ maxTokens: null, logprobTokenIds: [66, 99] });
  const { content } = json.choices[0]!.logprobs;
  expect(content.map(({ token, top_logprobs: top }) => [token, ...top.map((entry) => entry.token)])).toEqual([
    ["x", "B", "c"],
    ["y", "B", "c"],
  ]);
  await post(CHAT, { messages, logprobs: true, top_logprobs: 5, logprob_token_ids: [] });
  expect(engine.requests[1]!.params).toEqual({ maxTokens: null, logprobs: 5 });
});

test.each([
  [{ top_logprobs: 2 }, "top_logprobs"],
  [{ top_logprobs: 2, logprobs: false }, "top_logprobs"],
  [{ top_logprobs: 21, logprobs: true }, "top_logprobs"],
  [{ top_logprobs: -1, logprobs: true }, "top_logprobs"],
  [{ logprobs: 2 }, "logprobs"],
  [{ n: 0 }, "n"],
  [{ n: 4097 }, "n"],
  [{ best_of: 0 }, "best_of"],
  [{ prompt_logprobs: 1, stream: true }, "prompt_logprobs"],
  [{ echo: 1 }, "echo"],
  [{ logprob_token_ids: [5] }, "logprob_token_ids"],
  [{ logprob_token_ids: [5], use_beam_search: true, logprobs: true }, "logprob_token_ids"],
  [{ logprob_token_ids: [-1.5], logprobs: true }, "logprob_token_ids[0]"],
])("%j is a 400 that names %s", async (body, param) => {
  const { post } = createTestApp();
  expect(await problem(await post(CHAT, { messages, ...body }))).toMatchObject({ status: 400, param });
});
