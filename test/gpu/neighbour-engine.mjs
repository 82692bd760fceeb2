// An engine in a process of its own, for neighbours.mjs: answers each message with one message.
import { OctavoError } from "@octavo/core";
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";

const PROMPTS = Array.from({ length: 48 }, (_, i) =>
  Array.from({ length: 4 + i }, (_, t) => 5 + ((t * 43 + i) % 4000)),
);
let llm;

async function answer({ load, generate }) {
  if (load) {
    llm = await LLM.load(modelPath, load);
    return { info: llm.info };
  }
  if (generate) {
    const params = { temperature: 0.8, seed: 7, maxTokens: 64, ignoreEos: true };
    const outputs = await llm.generate(PROMPTS, params);
    return { tokens: outputs.map(({ tokenIds }) => [...tokenIds]) };
  }
  await llm?.dispose();
  process.disconnect();
}

process.on("message", async (message) => {
  try {
    const reply = await answer(message);
    if (reply) process.send(reply);
  } catch (error) {
    const { code, message: text } = OctavoError.from(error);
    process.send({ error: { code, text } });
  }
});
process.send({ ready: true });
