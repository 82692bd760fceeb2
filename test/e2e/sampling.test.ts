// Sampling parameters over the wire: a real process, and the official OpenAI client with vLLM's extra fields.
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerProcess, startServer } from "./server-process.js";

const module = new URL("../fixtures/logits-processors/even-tokens.mjs", import.meta.url).pathname;
const model = "pocket";
const prompt = "Once upon a time, there was";
const greedy = { model, prompt, temperature: 0, max_tokens: 20 };

let server: ServerProcess;
let client: OpenAI;

beforeAll(async () => {
  server = await startServer(["--max-logprobs", "-1", "--logits-processors", module]);
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Fields of vLLM, which the client's types lack, go along. */
async function complete(body: object) {
  const reply = await client.completions.create({
    ...greedy,
    ...body,
    stream: false,
  } as OpenAI.CompletionCreateParamsNonStreaming);
  return reply.choices as (OpenAI.CompletionChoice & { token_ids: number[]; prompt_token_ids: number[] })[];
}

test("penalties, biases, bans and limits change the tokens as they say", async () => {
  const ids = { return_token_ids: true };
  const [plain] = await complete(ids);
  const tokens = plain!.token_ids;
  expect(plain!.prompt_token_ids.length).toBeGreaterThan(3);

  const [banned] = await complete({ ...ids, logit_bias: { [tokens[3]!]: -100 } });
  expect(banned!.token_ids.slice(0, 3)).toEqual(tokens.slice(0, 3));
  expect(banned!.token_ids).not.toContain(tokens[3]);

  const allowed = [...new Set(tokens)].slice(0, 5);
  const [limited] = await complete({ ...ids, allowed_token_ids: allowed });
  expect(limited!.token_ids.every((id) => allowed.includes(id))).toBe(true);

  const [fresh] = await complete({ ...ids, presence_penalty: 2, frequency_penalty: 2, repetition_penalty: 2 });
  expect(new Set(fresh!.token_ids).size).toBeGreaterThan(new Set(tokens).size - 1);
  expect(fresh!.token_ids).not.toEqual(tokens);

  const word = plain!.text.trim().split(/\s+/)[2]!;
  const [clean] = await complete({ bad_words: [word] });
  expect(plain!.text).toContain(word);
  expect(clean!.text.split(/\s+/)).not.toContain(word);
});

test("min_tokens goes past a stop string", async () => {
  const [plain] = await complete({});
  const stop = plain!.text.slice(1, 5);
  const [short] = await complete({ stop, return_token_ids: true });
  const [long] = await complete({ stop, min_tokens: 20, return_token_ids: true });
  expect(short!.finish_reason).toBe("stop");
  expect(long!.text).toBe(plain!.text);
  expect(long!.token_ids.length).toBeGreaterThan(short!.token_ids.length);
});

test("logprobs of the whole vocabulary add up to one", async () => {
  const chat = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: "Hi" }],
    max_tokens: 2,
    logprobs: true,
    top_logprobs: -1,
  });
  for (const { top_logprobs } of chat.choices[0]!.logprobs!.content!) {
    expect(top_logprobs).toHaveLength(4096);
    const total = top_logprobs.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
    expect(total).toBeCloseTo(1, 4);
  }
});

test("logprobs of named tokens are those that the whole vocabulary has for them", async () => {
  const ids = [4095, 7, 300];
  const body = { model, messages: [{ role: "user" as const, content: "Hi" }], max_tokens: 3, temperature: 0 };
  const show = { logprobs: true, return_tokens_as_token_ids: true };
  const all = await client.chat.completions.create({ ...body, ...show, top_logprobs: -1 });
  const named = await client.chat.completions.create({ ...body, ...show, ...({ logprob_token_ids: ids } as object) });
  const positions = all.choices[0]!.logprobs!.content!;
  expect(positions).toHaveLength(3);
  for (const [i, { token, top_logprobs }] of named.choices[0]!.logprobs!.content!.entries()) {
    expect(token).toBe(positions[i]!.token);
    const known = new Map(positions[i]!.top_logprobs.map((entry) => [entry.token, entry.logprob]));
    expect(top_logprobs.map((entry) => entry.token)).toEqual(ids.map((id) => `token_id:${id}`));
    for (const entry of top_logprobs) expect(entry.logprob).toBe(known.get(entry.token));
  }
});

test("seeds of 64 bits are told apart", async () => {
  const textOf = async (seed: string) => {
    const body = `{"model":"${model}","prompt":"Once upon a time","max_tokens":12,"temperature":1,"seed":${seed}}`;
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${server.url}/v1/completions`, { method: "POST", headers, body });
    return ((await response.json()) as OpenAI.Completion).choices[0]!.text;
  };
  const [first, again, next] = await Promise.all(
    ["9007199254740993", "9007199254740993", "9007199254740992"].map(textOf),
  );
  expect(again).toBe(first);
  expect(next).not.toBe(first);
});

test("the bytes of a character's parts", async () => {
  const smile = await client.completions.create({ ...greedy, prompt: "🙂", max_tokens: 1 });
  const ids = (await complete({ prompt: "🙂", return_token_ids: true }))[0]!.prompt_token_ids;
  expect(smile.usage!.prompt_tokens).toBe(ids.length);
  const chat = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: "Hi" }],
    max_tokens: ids.length,
    temperature: 0,
    logprobs: true,
    ...({ vllm_xargs: { count: false }, allowed_token_ids: [ids[0]] } as object),
  });
  const [first] = chat.choices[0]!.logprobs!.content!;
  expect(first!.token).toBe("\uFFFD");
  expect(Buffer.from("🙂").subarray(0, first!.bytes!.length)).toEqual(Buffer.from(first!.bytes!));
});

test("beam search and best_of return what is likelier than sampling once", async () => {
  const sum = (choice: OpenAI.CompletionChoice) => choice.logprobs!.token_logprobs!.reduce((a, b) => a + b, 0);
  const [plain] = await complete({ logprobs: 0 });
  const beams = await complete({ use_beam_search: true, n: 4, logprobs: 1 });
  expect(beams.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  expect(new Set(beams.map(({ text }) => text)).size).toBe(4);
  expect(sum(beams[0]!)).toBeGreaterThanOrEqual(sum(plain!) - 1e-3);
  const body = { temperature: 1, seed: 3, logprobs: 0, max_tokens: 8 };
  const all = await complete({ ...body, n: 5 });
  const best = await complete({ ...body, n: 2, best_of: 5 });
  expect(best.map(sum)).toEqual(
    all
      .map(sum)
      .sort((a, b) => b - a)
      .slice(0, 2),
  );
});

test("a logits processor in the engine's thread", async () => {
  const [choice] = await complete({ vllm_xargs: { even: true }, return_token_ids: true });
  expect(choice!.token_ids.filter((id) => id % 2 === 1)).toEqual([]);
  await expect(complete({ vllm_xargs: { even: "maybe" } })).rejects.toMatchObject({ status: 400, param: "vllm_xargs" });
});

test("a prompt that is cut", async () => {
  const body = { prompt: `${"word ".repeat(3000)}${prompt}`, max_tokens: 4, return_token_ids: true };
  await expect(complete(body)).rejects.toMatchObject({ status: 400 });
  const [cut] = await complete({ ...body, truncate_prompt_tokens: 6 });
  const [whole] = await complete({ max_tokens: 4, return_token_ids: true });
  expect(cut!.prompt_token_ids).toEqual(whole!.prompt_token_ids.slice(-6));
});
