// The sampling fields of both generating routes: their way to the engine, what is refused by which name, and what replies say.
import { OctavoError } from "@octavo/core";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { CHAT, createTestApp, eventData, messages, problem } from "../testing/request.js";

const COMPLETIONS = "/v1/completions";
const ROUTES = [
  [CHAT, { messages }],
  [COMPLETIONS, { prompt: "abc" }],
] as const;

describe.each(ROUTES)("%s", (path, base) => {
  test("what is wrong with a beam search's width is told of `n`", async () => {
    const message = "beam_width is 11: so many beams need more";
    const refuse = new OctavoError({ code: "INVALID_ARGUMENT", message, param: "beam_width" });
    const { post } = createTestApp({ refuse });
    const body = { ...base, use_beam_search: true, n: 11 };
    expect(await problem(await post(path, body))).toMatchObject({
      status: 400,
      param: "n",
      message: "`n` is 11: so many beams need more",
    });
  });

  test("a seed of 64 bits goes to the engine as it is, and into the log", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    const { post, engine } = createTestApp({}, { logger, logRequests: true });
    const body = JSON.stringify(base).replace(/}$/, ',"seed":-9223372036854775808}');
    expect((await post(path, body)).status).toBe(200);
    expect(engine.requests[0]!.params!.seed).toBe(-(2n ** 63n));
    expect(lines.join("")).toContain("-9223372036854775808");
  });

  async function reply(body: object, text = "xy") {
    const { post, engine } = createTestApp({ text });
    const response = await post(path, { ...base, ...body });
    expect(response.status, await response.clone().text()).toBe(200);
    return {
      engine,
      json: (await response.json()) as Record<string, unknown> & { choices: Record<string, unknown>[] },
    };
  }

  test("a reply of megabytes is made while other events run", async () => {
    const { post } = createTestApp({ text: "ab".repeat(4000) });
    const many = path === CHAT ? { logprobs: true, top_logprobs: 20 } : { logprobs: 20 };
    const response = await post(path, { ...base, ...many, prompt_logprobs: 1 });
    let others = 0;
    const count = () => {
      others++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const text = await response.text();
    clearImmediate(immediate);
    const { choices, usage } = JSON.parse(text);
    const { content, tokens } = choices[0].logprobs;
    expect([(content ?? tokens).length, usage.completion_tokens]).toEqual([8000, 8000]);
    expect(text.length).toBeGreaterThan(2 ** 20);
    expect(others).toBeGreaterThan(10);
  });

  test.each<[object, object]>([
    [{ min_tokens: 3 }, { minTokens: 3 }],
    [
      { presence_penalty: 0.5, frequency_penalty: -1 },
      { presencePenalty: 0.5, frequencyPenalty: -1 },
    ],
    [{ repetition_penalty: 1.2 }, { repetitionPenalty: 1.2 }],
    [{ logit_bias: { "7": -100, "8": 2.5 } }, { logitBias: { "7": -100, "8": 2.5 } }],
    [{ allowed_token_ids: [4, 5] }, { allowedTokenIds: [4, 5] }],
    [{ bad_words: ["no"] }, { badWords: ["no"] }],
    [{ spaces_between_special_tokens: false }, { spacesBetweenSpecialTokens: false }],
    [{ vllm_xargs: { target: 3, list: [1, 2] } }, { extraArgs: { target: 3, list: [1, 2] } }],
    [
      { stop: "a", stop_token_ids: [4] },
      { stop: "a", stopTokenIds: [4] },
    ],
    [{ stop: ["a", "b"] }, { stop: ["a", "b"] }],
    [
      { top_k: -1, seed: 5 },
      { topK: -1, seed: 5 },
    ],
    [{ prompt_logprobs: 7 }, { promptLogprobs: 7 }],
    [{ logprob_token_ids: [] }, {}],
    [{ stream_interval: 4 }, { streamInterval: 4 }],
    [
      { repetition_detection: { max_pattern_size: 4, min_count: 3 } },
      { repetitionDetection: { maxPatternSize: 4, minPatternSize: 0, minCount: 3 } },
    ],
    [{ presence_penalty: null, logit_bias: null, allowed_token_ids: null, stop: null, vllm_xargs: null }, {}],
    [
      { presence_penalty: 0, repetition_penalty: 1 },
      { presencePenalty: 0, repetitionPenalty: 1 },
    ],
  ])("%j goes to the engine as %j", async (body, params) => {
    const { engine } = await reply({ max_tokens: 9, ...body });
    expect(engine.requests[0]!.params).toEqual({ maxTokens: 9, ...params });
  });

  test.each([
    [{ logit_bias: { "7": "x" } }, "logit_bias.7"],
    [{ logit_bias: [1] }, "logit_bias"],
    [{ allowed_token_ids: 5 }, "allowed_token_ids"],
    [{ bad_words: "no" }, "bad_words"],
    [{ bad_words: [5] }, "bad_words[0]"],
    [{ min_tokens: 1.5 }, "min_tokens"],
    [{ presence_penalty: "1" }, "presence_penalty"],
    [{ vllm_xargs: 3 }, "vllm_xargs"],
    [{ truncate_prompt_tokens: "5" }, "truncate_prompt_tokens"],
    [{ truncate_prompt_tokens: 0 }, "truncate_prompt_tokens"],
    [{ truncate_prompt_tokens: 1001 }, "truncate_prompt_tokens"],
    [{ truncation_side: "middle" }, "truncation_side"],
    [{ length_penalty: 2 }, "length_penalty"],
    [{ use_beam_search: true, stream: true }, "stream"],
    [{ use_beam_search: true, best_of: 2 }, "best_of"],
    [{ use_beam_search: true, presence_penalty: 1 }, "presence_penalty"],
    [{ use_beam_search: true, stop: "a" }, "stop"],
    [{ use_beam_search: true, repetition_detection: { max_pattern_size: 1, min_count: 2 } }, "repetition_detection"],
    [{ repetition_detection: { max_pattern_size: 2000 } }, "repetition_detection.max_pattern_size"],
    [{ repetition_detection: 3 }, "repetition_detection"],
    [{ stream_interval: "2" }, "stream_interval"],
    [{ use_beam_search: "yes" }, "use_beam_search"],
    [{ n: 2, best_of: 3, stream: true }, "best_of"],
    [{ n: 3, best_of: 2 }, "best_of"],
  ])("%j is a 400 that names %s", async (body, param) => {
    const { post, engine } = createTestApp();
    expect(await problem(await post(path, { ...base, ...body }))).toMatchObject({ status: 400, param });
    expect(engine.requests).toHaveLength(0);
  });

  test("truncation keeps the prompt's end, or its beginning", async () => {
    const whole = (await reply({})).engine.requests[0]!.prompt as Int32Array;
    const promptOf = async (body: object) => [...((await reply(body)).engine.requests[0]!.prompt as Int32Array)];
    expect(await promptOf({ truncate_prompt_tokens: 2 })).toEqual([...whole.slice(-2)]);
    expect(await promptOf({ truncate_prompt_tokens: 2, truncation_side: "right" })).toEqual([...whole.slice(0, 2)]);
    expect(await promptOf({ truncate_prompt_tokens: 500 })).toEqual([...whole]);
    expect(await promptOf({ truncate_prompt_tokens: -1, max_tokens: 998 })).toEqual([...whole.slice(-2)]);
  });

  test("a prompt that is too long fits when it is truncated", async () => {
    const long = "a".repeat(30_000);
    const body = path === CHAT ? { messages: [{ role: "user", content: long }] } : { prompt: long };
    const { post } = createTestApp();
    expect((await post(path, body)).status).toBe(400);
    const { engine } = await reply({ ...body, truncate_prompt_tokens: -1, max_tokens: 10 });
    expect(engine.requests[0]!.prompt).toHaveLength(990);
  });

  test("best_of generates that many and returns the n of the highest sum of logprobs", async () => {
    const { post, engine } = createTestApp({ textOf: (choice) => "x".repeat([3, 1, 4, 2, 5][choice]!) });
    const response = await post(path, { ...base, n: 2, best_of: 5 });
    const json = (await response.json()) as {
      choices: { index: number; text?: string; message?: { content: string }; logprobs: unknown }[];
      usage: { completion_tokens: number };
    };
    expect(engine.requests.map(({ choice }) => choice)).toEqual([0, 1, 2, 3, 4]);
    expect(engine.requests[0]!.params).toMatchObject({ logprobs: 0 });
    // Every token of the fake engine has logprob -0.5.
    expect(json.choices.map(({ index, text, message }) => [index, text ?? message!.content])).toEqual([
      [0, "x"],
      [1, "xx"],
    ]);
    expect(json.choices.map(({ logprobs }) => logprobs)).toEqual([null, null]);
    expect(json.usage.completion_tokens).toBe(15);
  });

  test("return_token_ids, in one piece and streamed", async () => {
    const ids = [..."xy"].map((c) => c.charCodeAt(0));
    const { json, engine } = await reply({ return_token_ids: true, n: 2 });
    const prompt = [...(engine.requests[0]!.prompt as Int32Array)];
    expect(json.choices.map(({ token_ids }) => token_ids)).toEqual([ids, ids]);
    expect(path === CHAT ? json.prompt_token_ids : json.choices[1]!.prompt_token_ids).toEqual(prompt);
    const plain = (await reply({})).json;
    expect(plain).not.toHaveProperty("prompt_token_ids");
    expect(plain.choices[0]).not.toHaveProperty("token_ids");

    const { post } = createTestApp({ text: "xy" });
    const data = await eventData(await post(path, { ...base, return_token_ids: true, stream: true }));
    const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
    expect(chunks.flatMap(({ choices }) => choices[0].token_ids ?? [])).toEqual(ids);
    const first = path === CHAT ? chunks[0] : chunks[0].choices[0];
    expect(first.prompt_token_ids).toEqual(prompt);
    const later = chunks.slice(1).flatMap((chunk) => [chunk, ...chunk.choices]);
    for (const one of later) expect(one).not.toHaveProperty("prompt_token_ids");
  });

  test("return_tokens_as_token_ids", async () => {
    const asked = path === CHAT ? { logprobs: true, top_logprobs: 1 } : { logprobs: 1 };
    const { json } = await reply({ ...asked, return_tokens_as_token_ids: true }, "x");
    const entry = (id: number, logprob: number) => {
      return { token: `token_id:${id}`, logprob, bytes: [...Buffer.from(`token_id:${id}`)] };
    };
    expect(json.choices[0]!.logprobs).toEqual(
      path === CHAT
        ? { content: [{ ...entry(120, -0.5), top_logprobs: [entry(65, -9999)] }], refusal: null }
        : {
            tokens: ["token_id:120"],
            token_logprobs: [-0.5],
            top_logprobs: [{ "token_id:120": -0.5, "token_id:65": -9999 }],
            text_offset: [0],
          },
    );
  });

  test("use_beam_search, n is the width", async () => {
    const body = {
      use_beam_search: true,
      n: 3,
      max_tokens: 7,
      length_penalty: 0.5,
      ignore_eos: true,
      temperature: 1,
      logit_bias: {},
    };
    const { json, engine } = await reply(body, "xy");
    expect(engine.searches).toEqual([{ beamWidth: 3, maxTokens: 7, lengthPenalty: 0.5, ignoreEos: true }]);
    expect(engine.requests).toHaveLength(0);
    expect(json.choices.map(({ index, finish_reason, logprobs }) => [index, finish_reason, logprobs])).toEqual([
      [0, "length", null],
      [1, "length", null],
      [2, "length", null],
    ]);
    expect(json.usage).toMatchObject({ completion_tokens: 6 });
  });

  test("beams show as many logprobs as were asked for", async () => {
    const asked = path === CHAT ? { logprobs: true, top_logprobs: 2 } : { logprobs: 2 };
    const { json } = await reply({ ...asked, use_beam_search: true, n: 2, return_token_ids: true }, "x");
    const logprobs = json.choices[0]!.logprobs as { content: { top_logprobs: object[] }[]; top_logprobs: object[] };
    const shown = path === CHAT ? logprobs.content[0]!.top_logprobs : Object.keys(logprobs.top_logprobs[0]!).slice(1);
    expect(shown).toHaveLength(2);
    expect(json.choices[1]!.token_ids).toEqual([120]);
  });
});

test("echo beside best_of and token ids", async () => {
  const { post } = createTestApp({ textOf: (choice) => "x".repeat(3 - choice) });
  const body = { prompt: "ab", echo: true, n: 1, best_of: 3, return_token_ids: true };
  const response = await post(COMPLETIONS, body);
  const { choices } = (await response.json()) as { choices: object[] };
  expect(choices).toMatchObject([{ text: "abx", logprobs: null, token_ids: [120], prompt_token_ids: [97, 98] }]);
  const scored = await post(COMPLETIONS, { ...body, logprobs: 0 });
  expect(await scored.json()).toMatchObject({ choices: [{ text: "abx", logprobs: { tokens: ["a", "b", "x"] } }] });
});

test("parts of characters have their own bytes", async () => {
  const { post, engine } = createTestApp({ text: "x", bytesOf: () => Uint8Array.of(0xf0, 0x9f) });
  const response = await post(CHAT, { messages, logprobs: true });
  const { choices } = (await response.json()) as { choices: { logprobs: { content: { bytes: number[] }[] } }[] };
  expect(choices[0]!.logprobs.content[0]!.bytes).toEqual([0xf0, 0x9f]);
  expect(engine.requests).toHaveLength(1);
});
