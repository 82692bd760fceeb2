import { describe, expect, test } from "vitest";
import { toTokenView } from "../../fields/token-view.js";
import { createTestApp, eventData, problem } from "../../testing/request.js";
import { completionLogprobs } from "./logprobs.js";

const COMPLETIONS = "/v1/completions";

interface Reply {
  readonly choices: readonly {
    index: number;
    text: string;
    logprobs: { tokens: string[]; top_logprobs: unknown[] };
    prompt_logprobs: unknown[];
  }[];
  readonly usage: object;
}

async function reply(body: object, text = "xy") {
  const { post, engine } = createTestApp({ text });
  const response = await post(COMPLETIONS, { prompt: "abc", ...body });
  expect(response.status).toBe(200);
  return { engine, json: (await response.json()) as Reply };
}

async function chunksOf(body: object, text = "xy") {
  const { post } = createTestApp({ text });
  const data = await eventData(await post(COMPLETIONS, { prompt: "abc", stream: true, ...body }));
  expect(data.pop()).toBe("[DONE]");
  return data.map((line) => JSON.parse(line));
}

describe("logprobs of text completions", () => {
  test("four lists; the last alternative's -Infinity is a number", async () => {
    const { json, engine } = await reply({ logprobs: 2 });
    expect(engine.requests[0]!.params).toMatchObject({ logprobs: 2 });
    expect(json.choices[0]!.logprobs).toEqual({
      tokens: ["x", "y"],
      token_logprobs: [-0.5, -0.5],
      top_logprobs: [
        { x: -0.5, A: -1, B: -9999 },
        { y: -0.5, A: -1, B: -9999 },
      ],
      text_offset: [0, 1],
    });
  });

  test("0 gives the token alone, null and nothing give none", async () => {
    expect((await reply({ logprobs: 0 })).json.choices[0]!.logprobs.top_logprobs).toEqual([{ x: -0.5 }, { y: -0.5 }]);
    for (const body of [{}, { logprobs: null }]) {
      const { json, engine } = await reply(body);
      expect(json.choices[0]!.logprobs).toBeNull();
      expect(engine.requests[0]!.params).toEqual({ maxTokens: 16 });
    }
  });

  test("logprob_token_ids take the place of the most likely tokens, but not of an echoed prompt's", async () => {
    const { json } = await reply({ logprobs: 0, logprob_token_ids: [66, 99] });
    const shown = { x: -0.5, B: -1, c: -2 };
    expect(json.choices[0]!.logprobs.top_logprobs[0]).toEqual(shown);
    const echoed = await reply({ logprobs: 1, logprob_token_ids: [66, 99], echo: true });
    expect(echoed.json.choices[0]!.logprobs.top_logprobs.slice(2, 4)).toEqual([{ c: -0.5, A: -9999 }, shown]);
    expect((await chunksOf({ logprobs: 0, logprob_token_ids: [66, 99] }))[0].choices[0].logprobs.top_logprobs).toEqual([
      shown,
    ]);
  });

  test("in a stream the offsets go on", async () => {
    const choices = (await chunksOf({ logprobs: 1 })).flatMap((chunk) => chunk.choices);
    expect(choices.map(({ logprobs }) => logprobs)).toEqual([
      { tokens: ["x"], token_logprobs: [-0.5], top_logprobs: [{ x: -0.5, A: -9999 }], text_offset: [0] },
      { tokens: ["y"], token_logprobs: [-0.5], top_logprobs: [{ y: -0.5, A: -9999 }], text_offset: [1] },
    ]);
  });

  test("a token that spells __proto__, one beyond the BMP, and two of one text", () => {
    const entry = (token: string, logprob: number) => ({ tokenId: 1, token, logprob, rank: 1 });
    const toJson = completionLogprobs(toTokenView({}));
    const write = (tokens: Parameters<typeof toJson>[0]) => JSON.parse([...toJson(tokens)].join(""));
    const first = write([{ ...entry("__proto__", -1), top: [entry("\ufffd", -2), entry("\ufffd", -3)] }]);
    expect(JSON.stringify(first.top_logprobs)).toBe('[{"__proto__":-1,"\ufffd":-2}]');
    expect(write([{ ...entry("😀", -1), top: [] }]).text_offset).toEqual([9]);
    expect(write([{ ...entry("x", -1), top: [] }]).text_offset).toEqual([10]);
  });

  test("prompt_logprobs, by token id", async () => {
    const { json } = await reply({ prompt_logprobs: 1 });
    expect(json.choices[0]!.prompt_logprobs).toEqual([
      null,
      {
        65: { logprob: -9999, rank: 1, decoded_token: "A" },
        98: { logprob: -0.5, rank: 7, decoded_token: "b" },
      },
      {
        65: { logprob: -9999, rank: 1, decoded_token: "A" },
        99: { logprob: -0.5, rank: 7, decoded_token: "c" },
      },
    ]);
  });
});

describe("echo", () => {
  test("puts the prompt before the text, also where it came as ids", async () => {
    for (const prompt of ["abc", [97, 98, 99]]) {
      const { json, engine } = await reply({ prompt, echo: true });
      expect(json.choices[0]!).toMatchObject({ text: "abcxy", logprobs: null });
      expect(engine.requests[0]!.params).toEqual({ maxTokens: 16 });
    }
  });

  test("with logprobs the prompt has them, too, but for its first token", async () => {
    const expected = {
      tokens: ["a", "b", "c", "x", "y"],
      token_logprobs: [null, -0.5, -0.5, -0.5, -0.5],
      text_offset: [0, 1, 2, 3, 4],
    };
    const { json } = await reply({ echo: true, logprobs: 0 });
    expect(json.choices[0]!.logprobs).toMatchObject(expected);
    expect(json.choices[0]!.logprobs.top_logprobs).toEqual([null, ..."bcxy"].map((c) => c && { [c]: -0.5 }));
    expect(json.choices[0]!).not.toHaveProperty("prompt_logprobs");

    const choices = (await chunksOf({ echo: true, logprobs: 0 })).flatMap((chunk) => chunk.choices);
    expect(choices.map(({ text }) => text)).toEqual(["abcx", "y"]);
    expect(choices.flatMap(({ logprobs }) => logprobs.text_offset)).toEqual(expected.text_offset);
    expect(choices.flatMap(({ logprobs }) => logprobs.token_logprobs)).toEqual(expected.token_logprobs);
  });

  test("with max_tokens 0 there is nothing but the prompt", async () => {
    const { json, engine } = await reply({ echo: true, max_tokens: 0, logprobs: 1 }, "x");
    expect(engine.requests[0]!.params).toMatchObject({ maxTokens: 1, promptLogprobs: 1 });
    expect(json.choices[0]!).toMatchObject({ text: "abc", finish_reason: "length" });
    expect(json.choices[0]!.logprobs.tokens).toEqual(["a", "b", "c"]);
    expect(json.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 });
    const chunks = await chunksOf({ echo: true, max_tokens: 0, stream_options: { include_usage: true } }, "x");
    expect(chunks[0].choices).toEqual([
      { index: 0, text: "abc", logprobs: null, finish_reason: "length", stop_reason: null },
    ]);
    expect(chunks.at(-1).usage).toMatchObject({ completion_tokens: 0 });
  });
});

describe("n", () => {
  test("gives the choices of each prompt side by side, and counts a prompt once", async () => {
    const { json, engine } = await reply({ prompt: ["ab", "cde"], n: 3, logprobs: 0, echo: true });
    expect(json.choices.map(({ index, text }) => [index, text])).toEqual([
      [0, "abxy"],
      [1, "abxy"],
      [2, "abxy"],
      [3, "cdexy"],
      [4, "cdexy"],
      [5, "cdexy"],
    ]);
    expect(engine.requests.map(({ choice }) => choice)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(json.usage).toMatchObject({
      prompt_tokens: 5,
      completion_tokens: 12,
      prompt_tokens_details: { cached_tokens: 3 },
    });
  });

  test("in a stream every choice has its index", async () => {
    const chunks = await chunksOf({ n: 2, stream_options: { include_usage: true } });
    for (const index of [0, 1]) {
      const own = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
      expect(own.map(({ text }) => text).join("")).toBe("xy");
    }
    expect(chunks.at(-1).usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 4 });
  });

  test("best_of up to n is nothing to do", async () => {
    expect((await reply({ n: 2, best_of: 2 })).json.choices).toHaveLength(2);
    expect((await reply({ best_of: 1 })).json.choices).toHaveLength(1);
  });
});

test.each([
  [{ n: 0 }, "n"],
  [{ n: 1.5 }, "n"],
  [{ n: 4097 }, "n"],
  [{ prompt: ["a", "b"], n: 2049 }, "n"],
  [{ best_of: 0 }, "best_of"],
  [{ n: 3, best_of: 2 }, "best_of"],
  [{ n: 2, best_of: 3, stream: true }, "best_of"],
  [{ best_of: 4097 }, "n"],
  [{ logprobs: true }, "logprobs"],
  [{ logprobs: "2" }, "logprobs"],
  [{ logprobs: 1.5 }, "logprobs"],
  [{ max_tokens: 0 }, "max_tokens"],
  [{ max_tokens: -1, echo: true }, "max_tokens"],
  [{ logprob_token_ids: [5] }, "logprob_token_ids"],
  [{ logprob_token_ids: [5], max_tokens: 0, echo: true, logprobs: 0 }, "logprob_token_ids"],
  [{ echo: 1 }, "echo"],
  [{ prompt_logprobs: 0, stream: true }, "prompt_logprobs"],
  [{ suffix: "x" }, "suffix"],
])("%j is a 400 that names %s", async (body, param) => {
  const { post, engine } = createTestApp();
  const found = await problem(await post(COMPLETIONS, { prompt: "abc", ...body }));
  expect(found).toMatchObject({ status: 400, param });
  expect(engine.running).toBe(0);
});
