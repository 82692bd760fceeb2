// Models on the GPU: Pocket's golden tokens, and tokens that depend on nothing but the request.
import { type EngineOptions, LLM } from "@octavo/engine";
import { createBackend } from "@octavo/kernels-cuda";
import { modelPath } from "@octavo/model-pocket";
import { describe, expect, test } from "vitest";
import { dummyShape } from "../fixtures/dummy-shape.js";
import { goldenModels, goldenPocket } from "../parity/golden.js";
import { goldenOptions } from "../parity/golden-run.js";
import { ModelRun } from "../parity/run-model.js";
import { skipReason } from "./gpu.js";

describe.skipIf(skipReason)("greedy tokens in float32", () => {
  const pocket = goldenPocket();
  test.each(pocket.cases.map((c) => [c.name, c] as const))("pocket: %s", (_name, { ids, greedy }) => {
    using backend = createBackend();
    using run = new ModelRun(pocket.folder, backend, ids.length + greedy!.length, { dtype: "float32" });
    expect(run.greedy(ids, greedy!.length)).toEqual(greedy);
  });

  test.each(goldenModels().map((model) => [model.name, model] as const))("%s", (_name, model) => {
    using backend = createBackend();
    for (const { name, ids, greedy, greedyCached } of model.cases) {
      const expected = greedyCached ?? greedy;
      // Dynamic scaling beyond the trained length depends on each prompt's length in transformers.
      if (!expected || (/dynamic/.test(model.name) && ids.length > 64)) continue;
      using run = new ModelRun(model.folder, backend, ids.length + expected.length, goldenOptions(backend));
      expect(run.greedy(ids, expected.length), name).toEqual(expected);
    }
  });
});

describe.skipIf(skipReason)("dummy weights", () => {
  test.each([false, true])("give the CPU's greedy tokens in float32, tied %s", async (tied) => {
    using shape = dummyShape({ tie_word_embeddings: tied });
    const prompts = [[5, 6, 7], Array.from({ length: 70 }, (_, i) => (i * 37) % 300)];
    const tokens = async (device: "cpu" | "cuda") => {
      const options = { device, loadFormat: "dummy", skipTokenizerInit: true, thread: false } as const;
      await using llm = await LLM.load(shape.folder, { ...options, maxModelLen: 128, maxNumSeqs: 4 });
      const outputs = await llm.generate(prompts, { temperature: 0, maxTokens: 24, ignoreEos: true });
      return outputs.map(({ tokenIds }) => tokenIds);
    };
    expect(await tokens("cuda")).toEqual(await tokens("cpu"));
  });
});

describe.skipIf(skipReason)("a request's tokens under batch invariance", () => {
  const prompts = Array.from({ length: 12 }, (_, i) =>
    Array.from({ length: 5 + 9 * i }, (_, t) => 5 + ((t * 37 + i) % 4000)),
  );
  const kinds = [
    { temperature: 0 },
    { temperature: 0.8 },
    { temperature: 1.2, topK: 20 },
    { topP: 0.9 },
    { minP: 0.05 },
  ];

  async function tokens(options: EngineOptions, together: boolean): Promise<number[][]> {
    await using llm = await LLM.load(modelPath, {
      device: "cuda",
      batchInvariant: true,
      thread: false,
      maxModelLen: 192,
      maxNumSeqs: 8,
      ...options,
    });
    const run = (i: number) =>
      llm.generate(prompts[i]!, { ...kinds[i % kinds.length]!, seed: i, maxTokens: 24, ignoreEos: true });
    const outputs = [];
    if (together) return (await Promise.all(prompts.map((_, i) => run(i)))).map(({ tokenIds }) => [...tokenIds]);
    for (const i of prompts.keys()) outputs.push([...(await run(i)).tokenIds]);
    return outputs;
  }

  test.each(["bfloat16", "float32"] as const)("alone = batched = chunked = overlapped, %s", async (dtype) => {
    const alone = await tokens({ dtype, enablePrefixCaching: false }, false);
    expect(await tokens({ dtype, enablePrefixCaching: false }, true)).toEqual(alone);
    expect(await tokens({ dtype, enablePrefixCaching: false, maxNumBatchedTokens: 29 }, true)).toEqual(alone);
    expect(await tokens({ dtype, asyncScheduling: false }, true)).toEqual(alone);
  });
});
