// `octavo serve FILE.gguf`: config, weights, tokenizer and chat template from one file.
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { expect, onTestFinished, test } from "vitest";
import { runCli, startServer } from "./server-process.js";

const FILE = fileURLToPath(new URL("../fixtures/gguf/tiny.gguf", import.meta.url));
const golden = JSON.parse(readFileSync(new URL("../fixtures/gguf/tiny-golden.json", import.meta.url), "utf8"));

test("chat, completion and the model's name", async () => {
  await using server = await startServer([FILE, "--dtype", "float32", "--dequantize", "--log-level", "warn"]);
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 });
  const [card] = (await client.models.list()).data;
  expect(card).toMatchObject({ id: FILE, max_model_len: 128 });
  const chat = await client.chat.completions.create({
    model: FILE,
    messages: [{ role: "user", content: "the king" }],
    max_tokens: 8,
  });
  expect(chat.usage).toMatchObject({ prompt_tokens: 8 }); // <|user|> t he Ġ k ing <|end|> <|assistant|>
  const { prompt, greedy } = golden.cases[1];
  const body = { model: FILE, prompt, temperature: 0, max_tokens: greedy.length, ignore_eos: true };
  const ids = {
    text: (await client.completions.create(body as OpenAI.CompletionCreateParamsNonStreaming)).choices[0]!.text,
  };
  const reply = await fetch(`${server.url}/detokenize`, { method: "POST", body: JSON.stringify({ tokens: greedy }) });
  expect(ids.text).toBe(((await reply.json()) as { prompt: string }).prompt);
  expect(server.log()).toBe("");
});

test("a file that is cut short: its name and what to do, exit 1", async () => {
  const folder = await mkdtemp(join(tmpdir(), "octavo-gguf-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "short.gguf");
  await writeFile(path, readFileSync(FILE).subarray(0, 50_000));
  const { code, stderr } = await runCli(["serve", path, "--port", "0", "--device", "cpu"]);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/short\.gguf is not a valid GGUF file: .*cut short.*Download it again/),
  ]);
  const named = await runCli(["serve", folder, "--port", "0", "--device", "cpu"]);
  expect([named.code, named.stderr]).toEqual([1, expect.stringContaining(`name that file, ${path}`)]);
});
