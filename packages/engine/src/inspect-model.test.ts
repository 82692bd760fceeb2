import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { inspectModel } from "./inspect-model.js";
import { LLM } from "./llm.js";

const POCKET = fileURLToPath(new URL("../../model-pocket", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../../../test/fixtures", import.meta.url));

/** A copy of Pocket without some of its files, and with other fields in its config. */
function copyOfPocket(leftOut: readonly string[], fields: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "octavo-inspect-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["tokenizer.json", "tokenizer_config.json", "model.safetensors"]) {
    if (!leftOut.includes(name)) symlinkSync(join(POCKET, name), join(folder, name));
  }
  const config = JSON.parse(readFileSync(join(POCKET, "config.json"), "utf8")) as object;
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, ...fields }));
  return folder;
}

test("what one request keeps is in blocks, of which one is never given out", async () => {
  const { serving, description } = await inspectModel(POCKET);
  expect(description.problems).toEqual([]);
  // 8 layers, 2 heads of 64 for keys and values each, 2 bytes.
  const perToken = 8 * 2 * 2 * 64 * 2;
  expect(serving).toEqual({
    pooling: null,
    slidingWindows: [null],
    maxModelLen: 2048,
    kvBytesPerToken: perToken,
    kvBytesAtMaxModelLen: (1 + 2048 / 16) * 16 * perToken,
  });
  const short = await inspectModel(POCKET, { maxModelLen: 100, dtype: "float32" });
  expect(short.serving).toMatchObject({ maxModelLen: 100, kvBytesAtMaxModelLen: (1 + 7) * 16 * 2 * perToken });
});

test("a window keeps what a step computes beside it, as the engine counts it", async () => {
  const window = {
    architectures: ["MistralForCausalLM"],
    model_type: "mistral",
    sliding_window: 64,
    max_position_embeddings: 8192,
  };
  const folder = copyOfPocket([], window);
  const { serving } = await inspectModel(folder);
  const blocks = 1 + Math.ceil((64 - 1 + 2048 - 1) / 16) + 1;
  expect(serving!.kvBytesAtMaxModelLen).toBe(blocks * 16 * serving!.kvBytesPerToken);
  await using llm = await LLM.load(folder, {
    device: "cpu",
    thread: false,
    kvCacheMemoryBytes: serving!.kvBytesAtMaxModelLen,
  });
  expect(llm.info.numBlocks).toBe(blocks);
  const less = LLM.load(folder, {
    device: "cpu",
    thread: false,
    kvCacheMemoryBytes: serving!.kvBytesAtMaxModelLen - 1,
  });
  await expect(less).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
});

test("an encoder's longest text is that of its engine", async () => {
  const folder = mkdtempSync(join(tmpdir(), "octavo-inspect-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(FIXTURES, "encoders/bert"), folder, { recursive: true });
  writeFileSync(join(folder, "sentence_bert_config.json"), '{"max_seq_length": 24}');
  const { serving } = await inspectModel(folder);
  await using llm = await LLM.load(folder, { device: "cpu", thread: false, skipTokenizerInit: true });
  expect(serving).toMatchObject({ maxModelLen: 24, kvBytesPerToken: 0, kvBytesAtMaxModelLen: 0 });
  expect(llm.info.maxModelLen).toBe(24);
});

test("a folder without a tokenizer: what to do is said before loading and by it", async () => {
  const folder = copyOfPocket(["tokenizer.json"]);
  const said = /has no tokenizer \(tokenizer\.json, tokenizer\.model.*--tokenizer.*--skip-tokenizer-init/;
  const { description } = await inspectModel(folder, {}, "org/name");
  expect(description.problems).toEqual([expect.stringMatching(said)]);
  expect(description.problems[0]).toMatch(/^org\/name has/);
  expect(description.tensors[0]!.path).toBe("org/name/model.safetensors");
  await expect(LLM.load(folder, { device: "cpu", thread: false })).rejects.toThrow(said);
});

test("options that the model cannot have are problems", async () => {
  const { description, serving } = await inspectModel(POCKET, { maxModelLen: 9999 });
  expect(description.problems).toEqual([expect.stringMatching(/max_model_len 9999 exceeds the model's 2048/)]);
  expect(serving).toBeNull();
});
