// A fork shares the block into which its parent writes, so that the parent goes on in a copy: the layers that draft must write there, too,
// or they overwrite what the fork keeps in the old one.
import type { SpeculativeConfig } from "@octavo/engine";
import { describe, expect, test } from "vitest";
import { newUse, TokenEngine } from "./token-engine.js";

const fixtures = new URL("../fixtures/models", import.meta.url).pathname;

describe.each(["llama-gqa-tied", "mistral-window", "ministral"])("forks of requests that draft, %s", (name) => {
  const folder = `${fixtures}/${name}`;
  const options = {
    device: "cpu",
    dtype: "float32",
    numThreads: 1,
    maxModelLen: 128,
    maxNumSeqs: 4,
    maxNumBatchedTokens: 64,
    enablePrefixCaching: false,
  } as const;

  test.each<SpeculativeConfig>([
    { method: "self", numLayers: 1, numSpeculativeTokens: 4, adaptive: false },
    { method: "draft_model", model: folder, numSpeculativeTokens: 4, adaptive: false },
  ])("by $method", async (speculativeConfig) => {
    using engine = await TokenEngine.load(folder, { ...options, speculativeConfig });
    using plain = await TokenEngine.load(folder, options);
    for (let length = 17; length < 31; length += 2) {
      for (let delay = 1; delay < 9; delay++) {
        const prompt = Array.from({ length }, (_, i) => (i * 37 + delay * 11) % 256);
        const requests = [3, 99].map((seed) => {
          return { prompt, params: { temperature: 1, seed: seed + delay, maxTokens: 30, ignoreEos: true } };
        });
        const uses = requests.map((request) => newUse(request, 30));
        let step = 0;
        const arrivals = () => (step++ === 0 || step === delay + 1 ? 1 : 0);
        engine.run(uses, { arrivals, forks: () => true });
        const alone = requests.map((request) => plain.alone(request));
        expect(
          uses.map(({ tokens }) => tokens),
          `${length} tokens, the fork comes in step ${delay}`,
        ).toEqual(alone);
      }
    }
    const { numDraftTokens, numAcceptedTokens } = engine.stats;
    expect(numDraftTokens).toBeGreaterThan(500);
    // What drafts is the model itself: all its drafts are right, as long as the copies have its keys and values, too.
    if (speculativeConfig.method === "draft_model") expect(numAcceptedTokens).toBe(numDraftTokens);
  });
});
