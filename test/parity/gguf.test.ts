// A GGUF model with blocks of five kinds against transformers, which decodes the file by itself; test/fixtures/README.md.
import type { Backend } from "@octavo/core";
import { createReferenceBackend } from "@octavo/core/testing";
import { LLM } from "@octavo/engine";
import { createBackend } from "@octavo/kernels-cpu";
import { afterEach, describe, expect, test, vi } from "vitest";
import { goldenTinyGguf, largestDistance } from "./golden.js";
import { ModelRun } from "./run-model.js";

const backends: [string, () => Backend][] = [
  ["reference", createReferenceBackend],
  ["cpu", () => createBackend({ numThreads: 2 })],
];
const { folder: file, cases } = goldenTinyGguf();

afterEach(() => vi.restoreAllMocks());

describe.each(backends)("%s", (_, create) => {
  test.each(cases.map((c) => [c.name, c] as const))("decoded to float32: logits and tokens of %s", (_name, golden) => {
    using backend = create();
    const options = { dtype: "float32", dequantize: true } as const;
    {
      using run = new ModelRun(file, backend, golden.ids.length, options);
      const worst = largestDistance(run.feed(golden.ids), golden);
      expect(worst.distance, JSON.stringify(worst)).toBeLessThan(1e-3);
    }
    using run = new ModelRun(file, backend, golden.ids.length + golden.greedy!.length, options);
    expect(run.greedy(golden.ids, golden.greedy!.length)).toEqual(golden.greedy);
  });

  test("as the backend computes it: near, and what is decoded is said", () => {
    using backend = create();
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const golden = cases.find((c) => c.name === "p33")!;
    using run = new ModelRun(file, backend, golden.ids.length, { dtype: "float32" });
    const worst = largestDistance(run.feed(golden.ids), golden);
    // The golden logits have standard deviation 1.7; activations may be rounded to 8 bits.
    expect(worst.distance, JSON.stringify(worst)).toBeLessThan(0.5);
    const packed = backend.info.blockFormats ?? [];
    const decoded = ["Q2_K", "Q4_1", "Q4_K", "Q6_K", "Q8_0"].filter((f) => !packed.includes(f.toLowerCase() as "q8_0"));
    const said = stderr.mock.calls.map(([text]) => String(text)).filter((text) => text.includes(file));
    expect(said).toEqual(
      decoded.length === 0 ? [] : [expect.stringContaining(`weights in ${decoded.join(", ")} are decoded to float32`)],
    );
  });
});

test("float16 by default", () => {
  using backend = createReferenceBackend();
  using run = new ModelRun(file, backend, 1);
  expect(run.model.dtype).toBe("float16");
});

test("an engine with its tokenizer, chat template and end token", async () => {
  await using llm = await LLM.load(file, { device: "cpu", maxNumSeqs: 4, dequantize: true, dtype: "float32" });
  expect(llm.info).toMatchObject({ model: file, architecture: "LlamaForCausalLM", vocabSize: 272, maxModelLen: 128 });
  expect(llm.tokenizer.renderChat([{ role: "user", content: "the king" }])).toBe(
    "<|user|>the king<|end|><|assistant|>",
  );
  const { promptTokenIds } = llm.submit({ prompt: "the king<|end|>", params: { maxTokens: 1 } });
  expect([...promptTokenIds].map((id) => llm.tokenizer.tokenOf(id))).toEqual(["t", "he", "Ġ", "k", "ing", "<|end|>"]);
  const golden = cases.find((c) => c.name === "p7")!;
  const { tokenIds } = await llm.generate([...golden.ids], { temperature: 0, maxTokens: 24, ignoreEos: true });
  expect(tokenIds).toEqual(golden.greedy);
});
