// A fork shares the block into which its parent writes, so that the parent goes on in a copy: the layers that draft must write there, too,
// or they overwrite what the fork keeps in the old one.
import { expect, test } from "vitest";
import { newUse, TokenEngine } from "./token-engine.js";

const fixtures = new URL("../fixtures/models", import.meta.url).pathname;

test.each(["llama-gqa-tied", "mistral-window", "ministral"])("forks of requests that draft, %s", async (name) => {
  const options = {
    device: "cpu",
    dtype: "float32",
    numThreads: 1,
    maxModelLen: 128,
    maxNumSeqs: 4,
    maxNumBatchedTokens: 64,
    enablePrefixCaching: false,
  } as const;
  const speculativeConfig = { method: "self", numLayers: 1, numSpeculativeTokens: 4, adaptive: false } as const;
  using engine = await TokenEngine.load(`${fixtures}/${name}`, { ...options, speculativeConfig });
  using plain = await TokenEngine.load(`${fixtures}/${name}`, options);
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
});
