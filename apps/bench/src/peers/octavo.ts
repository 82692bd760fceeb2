// Octavo through its public API. Settings are engine options.
import { LLM } from "@octavo/engine";
import type { Peer } from "./peer.js";

const MAX_REQUESTS = 64;
const MAX_MODEL_LEN = 1024;

export const octavo: Peer = {
  async open({ model, threads, settings }) {
    const llm = await LLM.load(model, {
      device: "cpu",
      numThreads: threads,
      skipTokenizerInit: true,
      maxNumSeqs: MAX_REQUESTS,
      maxModelLen: MAX_MODEL_LEN,
      ...settings,
    });
    const { device, dtype } = llm.info;
    return {
      about: `${device}, ${dtype}`,
      prepare: async () => {},
      async generate(prompts, outputTokens) {
        const params = { temperature: 0, ignoreEos: true, maxTokens: outputTokens };
        const outputs = await Promise.all(prompts.map((prompt) => llm.generate([...prompt], params)));
        return outputs.reduce((total, { tokenIds }) => total + tokenIds.length, 0);
      },
    };
  },
};
