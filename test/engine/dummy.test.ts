// An engine over a folder that has no more than config.json: token ids in, token ids out.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { createApp } from "@octavo/server";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { dummyShape } from "../fixtures/dummy-shape.js";

const shape = dummyShape();
afterAll(() => shape[Symbol.dispose]());
const options = { device: "cpu", loadFormat: "dummy", maxNumSeqs: 4, numThreads: 1 } as const;
const prompt = [5, 6, 7, 8];
const noTokenizer = expect.objectContaining({
  code: "INVALID_ARGUMENT",
  message: expect.stringMatching(/without a tokenizer.*token ids/),
});

describe.each([{ thread: true }, { thread: false }])("LLM, thread $thread", ({ thread }) => {
  let llm: LLM;
  beforeAll(async () => {
    llm = await LLM.load(shape.folder, { ...options, thread, skipTokenizerInit: true });
  });
  afterAll(() => llm.dispose());

  test("token ids give token ids without text, and the same ones in every run", async () => {
    const params = { temperature: 0, maxTokens: 9, ignoreEos: true };
    const [first, again] = await llm.generate([prompt, prompt], params);
    expect(first).toMatchObject({ text: "", finishReason: "length" });
    expect(first!.tokenIds).toHaveLength(9);
    expect(again!.tokenIds).toEqual(first!.tokenIds);
    const stopTokenIds = [first!.tokenIds[4]!];
    const stopped = await llm.generate(prompt, { ...params, stopTokenIds });
    expect(stopped).toMatchObject({ text: "", finishReason: "stop", stopReason: stopTokenIds[0] });
    await using other = await LLM.load(shape.folder, { ...options, thread: false, skipTokenizerInit: true });
    expect((await other.generate(prompt, params)).tokenIds).toEqual(first!.tokenIds);
  });

  test("text, chat and stop strings are refused, and nothing is left behind", async () => {
    expect(() => llm.generate("Once")).toThrow(noTokenizer);
    expect(() => llm.chat([{ role: "user", content: "Hi" }])).toThrow(noTokenizer);
    expect(() => llm.generate(prompt, { stop: "." })).toThrow(noTokenizer);
    expect(() => llm.tokenizer).toThrow(noTokenizer);
    await llm.idle();
  });
});

describe("without skipTokenizerInit", () => {
  test("a folder without tokenizer.json does without, and stderr says so once", async () => {
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      await using llm = await LLM.load(shape.folder, { ...options, thread: false });
      expect(() => llm.generate("Once")).toThrow(noTokenizer);
      expect(written.mock.calls.map(([line]) => line)).toEqual([
        expect.stringMatching(/has no tokenizer: prompts must be token ids.*\n$/),
      ]);
    } finally {
      written.mockRestore();
    }
  });

  test("a damaged tokenizer.json is an error, and so is a missing one of real weights", async () => {
    using damaged = dummyShape();
    writeFileSync(join(damaged.folder, "tokenizer.json"), "{");
    await expect(LLM.load(damaged.folder, options)).rejects.toMatchObject({ code: "CHECKPOINT" });
    await expect(LLM.load(shape.folder, { ...options, loadFormat: "auto" })).rejects.toMatchObject({
      message: expect.stringContaining("model.safetensors"),
    });
  });

  test("real weights may go without a tokenizer too, dummy ones may have one", async () => {
    await using bare = await LLM.load(modelPath, { ...options, loadFormat: "auto", skipTokenizerInit: true });
    expect(await bare.generate(prompt, { maxTokens: 3, ignoreEos: true })).toMatchObject({ text: "" });
    await using dummy = await LLM.load(modelPath, { ...options, maxModelLen: 64 });
    expect((await dummy.generate("Once", { maxTokens: 9, ignoreEos: true, temperature: 0 })).text).not.toBe("");
  });
});

describe("HTTP", () => {
  let llm: LLM;
  let app: ReturnType<typeof createApp>;
  beforeAll(async () => {
    llm = await LLM.load(shape.folder, { ...options, thread: false, skipTokenizerInit: true });
    app = createApp(llm, { servedModelNames: ["dummy"] });
  });
  afterAll(() => llm.dispose());
  const post = (path: string, body: object) => app.request(path, { method: "POST", body: JSON.stringify(body) });

  test("completions of token ids have no text and count their tokens", async () => {
    const body = { prompt, max_tokens: 6, ignore_eos: true };
    const reply = await post("/v1/completions", body);
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({
      choices: [{ text: "", finish_reason: "length" }],
      usage: { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 },
    });
    const stream = await (await post("/v1/completions", { ...body, stream: true })).text();
    expect(stream.match(/"text":""/g)).toHaveLength(6);
    expect(stream).toContain("[DONE]");
  });

  test.each([
    ["/v1/completions", { prompt: "Once" }],
    ["/v1/completions", { prompt, stop: ["."] }],
    ["/v1/chat/completions", { messages: [{ role: "user", content: "Hi" }] }],
    ["/tokenize", { prompt: "Once" }],
    ["/tokenize", { messages: [{ role: "user", content: "Hi" }] }],
    ["/detokenize", { tokens: [5] }],
  ])("%s with text is a 400 that says why: %j", async (path, body) => {
    const reply = await post(path, body);
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: { message: expect.stringMatching(/without a tokenizer/) } });
  });
});
