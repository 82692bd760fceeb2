// LLM.embed against transformers and sentence-transformers, on tiny random models; alone and batched the same bits.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSafetensors } from "@octavo/core";
import { type EngineOptions, LLM } from "@octavo/engine";
import { describe, expect, onTestFinished, test } from "vitest";
import { copyOf, goldenEncoder, goldenEncoders, largestGap } from "../parity/golden-encoders.js";

const TOLERANCE = 1e-4;
const LLAMA = fileURLToPath(new URL("../fixtures/models/llama-mha", import.meta.url));
const BASE: EngineOptions = { device: "cpu", dtype: "float32", skipTokenizerInit: true, thread: false, numThreads: 2 };
const bert = goldenEncoder("bert");
const roberta = goldenEncoder("roberta");

function load(folder: string, options: EngineOptions = {}): Promise<LLM> {
  return LLM.load(folder, { ...BASE, ...options });
}

describe.each(["reference", "cpu"] as const)("%s", (device) => {
  test.each(goldenEncoders().map((model) => [model.name, model] as const))("%s", async (_, { folder, cases }) => {
    await using llm = await load(folder, { device, maxModelLen: 150 });
    const outputs = await llm.embed(cases.map(({ prompt }) => prompt));
    const gaps = outputs.map(({ embedding }, i) => largestGap(embedding, cases[i]!.embedding));
    expect(gaps).toHaveLength(4);
    for (const gap of gaps) expect(gap, `distances ${gaps}`).toBeLessThan(TOLERANCE);
    expect(outputs.map(({ promptTokenIds }) => [...promptTokenIds])).toEqual(cases.map(({ prompt }) => prompt));
  });
});

test("texts, in a thread, as sentence-transformers", async () => {
  await using llm = await LLM.load(bert.folder, { device: "cpu" });
  expect(llm.info).toMatchObject({
    maxModelLen: 24,
    kvCacheBytes: 0,
    pooling: { type: "mean", normalize: true, size: 32 },
  });
  const outputs = await llm.embed(
    bert.texts.map(({ text }) => text),
    { truncatePromptTokens: -1 },
  );
  expect(outputs.map(({ promptTokenIds }) => promptTokenIds.length)).toEqual(bert.texts.map(({ length }) => length));
  const gaps = outputs.map(({ embedding }, i) => largestGap(embedding, bert.texts[i]!.embedding));
  for (const gap of gaps) expect(gap, `distances ${gaps}`).toBeLessThan(TOLERANCE);
});

test("a list and a single prompt: the same bits, whatever shares the step", async () => {
  for (const { folder } of [bert, goldenEncoder("modernbert"), goldenEncoder("qwen3-embedding")]) {
    const prompts = Array.from({ length: 40 }, (_, i) =>
      Array.from({ length: 1 + ((i * 7) % 60) }, (_, t) => 6 + ((i + 3 * t) % 100)),
    );
    await using wide = await load(folder, { maxModelLen: 60 });
    await using narrow = await load(folder, { maxModelLen: 60, maxNumBatchedTokens: 75, maxNumSeqs: 3 });
    const together = await wide.embed(prompts);
    const apart = await Promise.all(prompts.map((prompt) => narrow.embed(prompt)));
    expect(narrow.stats.steps).toBeGreaterThan(wide.stats.steps);
    expect(apart.map(({ embedding }) => embedding)).toEqual(together.map(({ embedding }) => embedding));
    expect(wide.stats).toMatchObject({ numRunning: 0, numWaiting: 0, promptTokens: prompts.flat().length });
  }
});

test("float16 and bfloat16 are near", async () => {
  for (const dtype of ["float16", "bfloat16"] as const) {
    await using llm = await load(roberta.folder, { dtype });
    const { prompt, embedding } = roberta.cases[2]!;
    const [found] = await llm.embed([prompt]);
    expect(largestGap(found!.embedding, embedding)).toBeLessThan(dtype === "float16" ? 2e-3 : 2e-2);
  }
});

test("dimensions: the beginning, of length 1 again, of models that were trained for it", async () => {
  const prompt = bert.cases[1]!.prompt;
  const copy = (fields: object) => {
    const folder = copyOf(bert.folder, fields);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return folder;
  };
  const refused = expect.objectContaining({ code: "INVALID_ARGUMENT", param: "dimensions" });
  await using usual = await load(bert.folder);
  expect(usual.info.pooling!.matryoshka).toBeNull();
  const whole = (await usual.embed(prompt, { dimensions: 32 })).embedding;
  await expect(usual.embed(prompt, { dimensions: 8 })).rejects.toThrow(
    /not trained for fewer than its 32.*is_matryoshka/,
  );
  await using llm = await load(copy({ is_matryoshka: true }));
  const { embedding } = await llm.embed(prompt, { dimensions: 8 });
  const length = Math.hypot(...whole.subarray(0, 8));
  expect(
    largestGap(
      embedding,
      whole.slice(0, 8).map((value) => value / length),
    ),
  ).toBeLessThan(1e-6);
  for (const dimensions of [0, 33, 1.5]) await expect(llm.embed(prompt, { dimensions })).rejects.toEqual(refused);
  await using some = await load(copy({ matryoshka_dimensions: [16, 8] }));
  expect((await some.embed(prompt, { dimensions: 16 })).embedding).toHaveLength(16);
  await expect(some.embed(prompt, { dimensions: 12 })).rejects.toThrow(/one of 8, 16 for/);
  await expect(load(copy({ matryoshka_dimensions: "8" }))).rejects.toMatchObject({ code: "CHECKPOINT" });
});

describe("who waits, and how long", () => {
  const prompts = (count: number) => Array.from({ length: count }, () => bert.cases[1]!.prompt);

  test("with priorities the lower ones come first, whoever has begun", async () => {
    await using llm = await load(bert.folder, { maxNumSeqs: 4, schedulingPolicy: "priority", thread: false });
    const ends: string[] = [];
    const ask = async (name: string, count: number, priority?: number) => {
      await llm.embed(prompts(count), priority === undefined ? {} : { priority });
      ends.push(name);
    };
    await Promise.all([ask("late", 40, 5), ask("usual", 8), ask("later", 8), ask("urgent", 8, -1)]);
    expect(ends).toEqual(["urgent", "usual", "later", "late"]);
  });

  test("no priority without its policy, and no policy that has tenants", async () => {
    await using llm = await load(bert.folder);
    await expect(llm.embed(prompts(1), { priority: 1 })).rejects.toMatchObject({ param: "priority" });
    await expect(llm.embed(prompts(1), { timeoutMs: 0 })).rejects.toMatchObject({ param: "timeout_ms" });
    await expect(load(bert.folder, { schedulingPolicy: "fairness" })).rejects.toThrow(
      /scheduling_policy fairness is for/,
    );
  });

  test.each([true, false])("a signal and a deadline end it, and others go on (thread: %s)", async (thread) => {
    await using llm = await load(bert.folder, { maxNumSeqs: 2, thread });
    await llm.embed(prompts(1));
    const before = llm.stats.steps;
    const controller = new AbortController();
    const aborted = llm.embed(prompts(2000), { signal: controller.signal });
    const late = llm.embed(prompts(2000), { timeoutMs: 5 });
    const other = llm.embed(prompts(3));
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    await expect(late).rejects.toMatchObject({ code: "TIMEOUT", param: "timeout_ms" });
    expect(await other).toHaveLength(3);
    expect(llm.stats.steps - before).toBeLessThan(1000);
    // A call that ended is told so with its first answer; the engine's thread may still be taking out the rest.
    await expect.poll(() => llm.stats.numWaiting).toBe(0);
    await expect(llm.embed(prompts(1), { signal: controller.signal })).rejects.toThrow("enough");
  });

  test("bounds of the queue count prompts and their tokens", async () => {
    const length = bert.cases[1]!.prompt.length;
    await using llm = await load(bert.folder, { maxNumQueuedReqs: 3, maxNumQueuedTokens: 4 * length });
    const first = llm.embed(prompts(2));
    await expect(llm.embed(prompts(3))).rejects.toMatchObject({
      code: "QUEUE_FULL",
      message: expect.stringMatching(/max_num_queued_tokens/),
    });
    const second = llm.embed(prompts(1));
    await expect(llm.embed(prompts(1))).rejects.toMatchObject({
      code: "QUEUE_FULL",
      message: expect.stringMatching(/max_num_queued_reqs/),
    });
    await Promise.all([first, second]);
    expect(await llm.embed(prompts(3))).toHaveLength(3);
  });
});

describe("prompts that are too long", () => {
  const long = Array.from({ length: 30 }, (_, i) => 6 + i);

  test("are refused, or cut where that is asked for", async () => {
    await using llm = await load(bert.folder);
    await expect(llm.embed(long)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", param: "prompt" });
    const cut = await llm.embed(long, { truncatePromptTokens: 10 });
    expect([...cut.promptTokenIds]).toEqual(long.slice(0, 10));
    const left = await llm.embed(long, { truncatePromptTokens: -1, truncationSide: "left" });
    expect([...left.promptTokenIds]).toEqual(long.slice(-24));
    expect((await llm.embed(long.slice(0, 24))).promptTokenIds).toHaveLength(24);
  });

  test("a text keeps its special tokens", async () => {
    await using llm = await LLM.load(bert.folder, { device: "cpu", thread: false });
    const text = "the cat sat on the mat";
    const [all, right, left] = await Promise.all([
      llm.embed(text),
      llm.embed(text, { truncatePromptTokens: 5 }),
      llm.embed(text, { truncatePromptTokens: 5, truncationSide: "left" }),
    ]);
    const [cls, ...words] = all.promptTokenIds;
    const sep = words.pop();
    expect([cls, sep]).toEqual([2, 3]);
    expect([...right.promptTokenIds]).toEqual([cls, ...words.slice(0, 3), sep]);
    expect([...left.promptTokenIds]).toEqual([cls, ...words.slice(-3), sep]);
  });
});

describe("runners", () => {
  test("an encoder generates nothing", async () => {
    await using llm = await load(bert.folder);
    expect(() => llm.generate([6, 7, 8])).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", param: "model" }),
    );
    expect(() => llm.chat([{ role: "user", content: "hello" }])).toThrow(/makes embeddings/);
    await expect(llm.beamSearch([6, 7, 8])).rejects.toThrow(/makes embeddings/);
    await expect(load(bert.folder, { runner: "generate" })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      param: "runner",
    });
  });

  test("a decoder generates, unless its folder or the runner says otherwise", async () => {
    await using llama = await load(LLAMA);
    await expect(llama.embed([6, 7, 8])).rejects.toMatchObject({ code: "INVALID_ARGUMENT", param: "model" });
    await using pooled = await load(LLAMA, { runner: "pooling" });
    expect(pooled.info.pooling).toMatchObject({ type: "last", normalize: true });
    expect(Math.hypot(...(await pooled.embed([6, 7, 8])).embedding)).toBeCloseTo(1, 5);
    await expect(load(goldenEncoder("llama-without-head").folder, { runner: "generate" })).rejects.toMatchObject({
      code: "CHECKPOINT",
      param: "lm_head.weight",
    });
    const { folder } = goldenEncoder("qwen3-embedding");
    await using generating = await load(folder, { runner: "generate" });
    expect((await generating.generate([6, 7, 8], { maxTokens: 2 })).tokenIds).toHaveLength(2);
  });

  test("a step must hold a whole prompt", async () => {
    const options = { maxModelLen: 100, maxNumBatchedTokens: 64 };
    await expect(load(bert.folder, options)).rejects.toMatchObject({ param: "max_num_batched_tokens" });
  });
});

test("NaN in a weight fails the prompts, and not the engine", async () => {
  const folder = mkdtempSync(join(tmpdir(), "octavo-embed-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(bert.folder, folder, { recursive: true });
  const path = join(folder, "model.safetensors");
  const bytes = readFileSync(path);
  const { byteOffset } = openSafetensors(path).tensors.get("encoder.layer.0.output.dense.weight")!;
  bytes.writeFloatLE(Number.NaN, byteOffset);
  writeFileSync(path, bytes);
  await using llm = await load(folder);
  await expect(llm.embed([[6, 7], [8]])).rejects.toThrow(/embedding that is not finite/);
  expect(llm.failure).toBeNull();
  expect(llm.stats).toMatchObject({ numRunning: 0, numWaiting: 0 });
});

test("a pause holds prompts back; disposing fails those that wait", async () => {
  const llm = await load(bert.folder);
  const { prompt } = bert.cases[1]!;
  const before = llm.embed(prompt);
  await llm.pause({ mode: "wait" });
  await before;
  let isDone = false;
  const during = llm.embed(prompt).then((output) => {
    isDone = true;
    return output;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([isDone, llm.stats.numWaiting]).toEqual([false, 1]);
  await llm.resume();
  expect((await during).embedding).toEqual((await before).embedding);
  await llm.pause({ mode: "keep" });
  const left = llm.embed(prompt);
  const failed = expect(left).rejects.toMatchObject({ code: "DISPOSED" });
  await llm.dispose();
  await failed;
});
