// The whole engine core against transformers: all golden prompts of a model at once, chunked and overlapping, in float32.
import { describe, expect, it } from "vitest";
import { type GoldenCase, type GoldenModel, goldenModels, goldenPocket } from "../parity/golden.js";
import { runWorkload } from "./workload.js";

/** Dynamic scaling beyond the trained length depends on each prompt's length in transformers (packages/models/README.md). */
function comparable(model: GoldenModel, golden: GoldenCase): boolean {
  return (golden.greedyCached ?? golden.greedy) !== null && !(/dynamic/.test(model.name) && golden.ids.length > 64);
}

describe.each([...goldenModels(), goldenPocket()].map((model) => [model.name, model] as const))("%s", (_, model) => {
  it("greedy tokens equal transformers', batched, in chunks, with two steps in flight", async () => {
    const cases = model.cases.filter((golden) => comparable(model, golden));
    expect(cases.length).toBeGreaterThan(2);
    const expected = cases.map((golden) => (golden.greedyCached ?? golden.greedy)!);
    const requests = cases.map((golden, i) => ({
      prompt: golden.ids,
      params: { temperature: 0, ignoreEos: true, maxTokens: expected[i]!.length },
    }));
    const options = {
      device: "cpu",
      dtype: "float32",
      dequantize: true,
      maxNumSeqs: 8,
      maxNumBatchedTokens: 48,
      asyncScheduling: true,
    } as const;
    const { tokens } = await runWorkload(model.folder, options, requests, { perStep: 1 });
    expect(tokens).toEqual(expected);
  });
});
