// n, logprobs, prompt_logprobs and echo over the wire: a real process, and the official OpenAI client.
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, startServer } from "./server-process.js";

let server: ServerProcess;
let client: OpenAI;

const model = "pocket";
const prompt = "Once upon a time, there was";
const messages = [{ role: "user" as const, content: "Tell me a story about a small dog." }];
const greedy = { model, temperature: 0, max_tokens: 12 };

beforeAll(async () => {
  server = await startServer();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
});

afterAll(() => server[Symbol.asyncDispose]());

const complete = (body: object) =>
  client.completions.create({ ...greedy, prompt, ...body, stream: false } as OpenAI.CompletionCreateParamsNonStreaming);
const chat = (body: object) => client.chat.completions.create({ ...greedy, messages, ...body, stream: false });

describe("completions", () => {
  test("logprobs are of the text, and the greedy token is the most likely", async () => {
    const plain = (await complete({})).choices[0]!;
    const { text, logprobs } = (await complete({ logprobs: 3 })).choices[0]!;
    expect(text).toBe(plain.text);
    expect(plain.logprobs).toBeNull();
    expect(logprobs!.tokens!.join("")).toBe(text);
    logprobs!.text_offset!.forEach((offset, i) => {
      expect(text.startsWith(logprobs!.tokens![i]!, offset)).toBe(true);
      const top = logprobs!.top_logprobs![i]!;
      expect(Object.keys(top)).toHaveLength(3);
      expect(logprobs!.token_logprobs![i]).toBe(Math.max(...Object.values(top)));
      expect(top[logprobs!.tokens![i]!]).toBe(logprobs!.token_logprobs![i]);
    });
  });

  test("n and best_of compute and score the prompt once", async () => {
    const computed = async () => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      return Number(/^octavo:iteration_tokens_total_sum\{.*\} (\d+)/m.exec(metrics)![1]);
    };
    let first = 100;
    for (const more of [
      { n: 3, prompt_logprobs: 2 },
      { n: 2, best_of: 3, prompt_logprobs: 2 },
      { n: 3, echo: true, logprobs: 1 },
    ]) {
      const ids = Array.from({ length: 40 }, (_, i) => first + i);
      first += 40;
      const before = await computed();
      const { choices } = await complete({ prompt: ids, max_tokens: 1, temperature: 1, ...more });
      expect((await computed()) - before, "the prompt, and its last token for each further choice").toBe(40 + 2);
      for (const choice of choices as (OpenAI.CompletionChoice & { prompt_logprobs?: unknown[] })[]) {
        if (more.echo) expect(choice.logprobs!.tokens).toHaveLength(41);
        else expect(choice.prompt_logprobs).toHaveLength(40);
        expect(choice.prompt_logprobs).toEqual((choices[0] as typeof choice).prompt_logprobs);
      }
    }
  });

  test("a stream says the same", async () => {
    const { text, logprobs } = (await complete({ logprobs: 2, echo: true })).choices[0]!;
    const stream = await client.completions.create({ ...greedy, prompt, logprobs: 2, echo: true, stream: true });
    const streamed = { text: "", tokens: [] as string[], token_logprobs: [] as number[], text_offset: [] as number[] };
    for await (const { choices } of stream) {
      streamed.text += choices[0]!.text;
      for (const key of ["tokens", "token_logprobs", "text_offset"] as const) {
        (streamed[key] as unknown[]).push(...(choices[0]!.logprobs![key] as unknown[]));
      }
    }
    const { tokens, token_logprobs, text_offset } = logprobs!;
    expect(streamed).toEqual({ text, tokens, token_logprobs, text_offset });
    expect(text.startsWith(prompt)).toBe(true);
  });

  test("echo with max_tokens 0 scores a text, as evaluation harnesses do", async () => {
    const whole = (await complete({ logprobs: 1, echo: true })).choices[0]!;
    const reply = await complete({ prompt: whole.text, logprobs: 1, echo: true, max_tokens: 0 });
    const { text, logprobs, finish_reason } = reply.choices[0]!;
    expect({ text, finish_reason }).toEqual({ text: whole.text, finish_reason: "length" });
    expect(reply.usage).toMatchObject({ prompt_tokens: logprobs!.tokens!.length, completion_tokens: 0 });
    expect(logprobs!.token_logprobs![0]).toBeNull();
    expect(logprobs!.top_logprobs![0]).toBeNull();
    // The output of before is a part of the prompt now; bfloat16 weights and all, its tokens are as likely as they were.
    expect(logprobs!.tokens).toEqual(whole.logprobs!.tokens);
    logprobs!.token_logprobs!.slice(1).forEach((logprob, i) => {
      expect(Math.abs(logprob - whole.logprobs!.token_logprobs![i + 1]!)).toBeLessThan(1e-4);
    });
  });

  test("n choices, with logprobs, in order; the prompt counts once", async () => {
    const body = { n: 3, temperature: 1, seed: 4, logprobs: 0 };
    const { choices, usage } = await complete(body);
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(new Set(choices.map(({ text }) => text)).size).toBe(3);
    const total = choices.reduce((sum, { logprobs }) => sum + logprobs!.tokens!.length, 0);
    const single = (await complete({})).usage!;
    expect(usage).toMatchObject({ prompt_tokens: single.prompt_tokens, completion_tokens: total });

    const texts = ["", "", ""];
    const stream = await client.completions.create({ ...greedy, prompt, ...body, stream: true });
    for await (const chunk of stream) for (const choice of chunk.choices) texts[choice.index] += choice.text;
    expect(texts).toEqual(choices.map(({ text }) => text));
  });

  test("a stop string cuts the text, not the tokens", async () => {
    const { text } = (await complete({})).choices[0]!;
    const stop = text.slice(8, 12);
    const choice = (await complete({ stop, logprobs: 0 })).choices[0]!;
    expect(choice).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: "stop" });
    const { tokens } = choice.logprobs!;
    expect(tokens!.join("").startsWith(choice.text + stop)).toBe(true);
  });

  test("prompt_logprobs are vLLM's, for each choice", async () => {
    const { choices, usage } = await complete({ prompt_logprobs: 2, n: 2 });
    for (const choice of choices) {
      const list = (choice as unknown as { prompt_logprobs: (Record<string, { rank: number }> | null)[] })
        .prompt_logprobs;
      expect(list).toHaveLength(usage!.prompt_tokens);
      expect(list[0]).toBeNull();
      for (const entry of list.slice(1)) {
        const ranks = Object.values(entry!).map(({ rank }) => rank);
        expect(ranks).toEqual(expect.arrayContaining([1, 2]));
        expect(ranks.length).toBeLessThanOrEqual(3);
      }
    }
  });
});

describe("chat", () => {
  test("logprobs with the most likely tokens, streamed or not", async () => {
    const body = { logprobs: true, top_logprobs: 2 };
    const { message, logprobs } = (await chat(body)).choices[0]!;
    expect(message.content).toBe((await chat({})).choices[0]!.message.content);
    const content = logprobs!.content!;
    expect(content.map(({ token }) => token).join("")).toBe(message.content);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      expect(Buffer.from(bytes!).toString()).toBe(token);
      expect(top_logprobs[0]).toEqual({ token, logprob, bytes });
      expect(top_logprobs).toHaveLength(2);
      expect(top_logprobs[1]!.logprob).toBeLessThanOrEqual(logprob);
    }
    const stream = await client.chat.completions.create({ ...greedy, messages, ...body, stream: true });
    const streamed: object[] = [];
    for await (const chunk of stream) streamed.push(...(chunk.choices[0]!.logprobs?.content ?? []));
    expect(streamed).toEqual(content);
  });

  test("n choices in one reply and in a stream", async () => {
    const body = { n: 2, temperature: 1, seed: 9 };
    const { choices } = await chat(body);
    expect(choices.map(({ index }) => index)).toEqual([0, 1]);
    const texts = ["", ""];
    const stream = await client.chat.completions.create({ ...greedy, messages, ...body, stream: true });
    for await (const chunk of stream) {
      for (const { index, delta } of chunk.choices) texts[index] += delta.content ?? "";
    }
    expect(texts).toEqual(choices.map(({ message }) => message.content));
    expect(texts[0]).not.toBe(texts[1]);
  });

  test("leaving a stream of several choices ends all", async () => {
    const stream = await client.chat.completions.create({
      ...greedy,
      messages,
      n: 4,
      max_tokens: 2000,
      stream: true,
      ...({ ignore_eos: true } as object),
    });
    for await (const _ of stream) break;
    stream.controller.abort();
    await expect
      .poll(
        async () => /num_requests_running\{[^}]*\} (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())![1],
      )
      .toBe("0");
  });
});
