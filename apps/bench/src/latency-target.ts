// What long prompts do to the others' tokens, with and without --max-inter-token-latency-ms:
//   node apps/bench/dist/latency-target.js [MODEL] [TARGET_MS ...]
// Four requests decode while prompts of 1,500 random tokens come one after the other. Measured in the calling process, where chunks arrive.
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { describeMachine } from "./machine.js";

const DECODERS = 4;
const PROMPTS = 4;
const PROMPT_TOKENS = 1500;
/** Between a prompt's first token and the next prompt. */
const REST_MS = 300;

interface Row {
  readonly target: number;
  readonly intervals: Float64Array;
  readonly firstTokenMs: number;
}

async function measure(model: string, target: number): Promise<Row> {
  await using llm = await LLM.load(model, {
    device: "cpu",
    maxModelLen: 2048,
    maxNumSeqs: 8,
    maxInterTokenLatencyMs: target,
  });
  const intervals: number[] = [];
  let measuring = false;
  let over = false;
  const random = (length: number) => Array.from({ length }, () => Math.floor(Math.random() * llm.info.vocabSize));
  const decode = async () => {
    while (!over) {
      const params = { maxTokens: 1800, ignoreEos: true, temperature: 0 };
      let last = 0;
      for await (const _ of llm.submit({ prompt: random(16), params })) {
        const now = performance.now();
        if (measuring && last > 0) intervals.push(now - last);
        last = now;
        if (over) break;
      }
    }
  };
  const longPrompt = async () => {
    const start = performance.now();
    for await (const _ of llm.submit({ prompt: random(PROMPT_TOKENS), params: { maxTokens: 1 } })) break;
    return performance.now() - start;
  };
  const decoders = Array.from({ length: DECODERS }, decode);
  await longPrompt(); // not measured: the cost model begins to learn
  measuring = true;
  let firstTokenMs = 0;
  for (let i = 0; i < PROMPTS; i++) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    firstTokenMs += (await longPrompt()) / PROMPTS;
  }
  over = true;
  await Promise.all(decoders);
  return { target, intervals: Float64Array.from(intervals).sort(), firstTokenMs };
}

const [model = modelPath, ...targets] = process.argv.slice(2);
console.log(
  `Time between tokens of ${DECODERS} requests beside prompts of ${PROMPT_TOKENS} tokens, ${describeMachine()}\n`,
);
console.log("| target ms | tokens | p50 ms | p90 ms | p99 ms | worst ms | prompt's first token, mean ms |");
console.log("|---|---|---|---|---|---|---|");
for (const target of targets.length > 0 ? targets.map(Number) : [0, 50]) {
  const { intervals, firstTokenMs } = await measure(model, target);
  const at = (share: number) => intervals[Math.floor(share * (intervals.length - 1))]!.toFixed(0);
  const columns = [target || "none", intervals.length, at(0.5), at(0.9), at(0.99), at(1), firstTokenMs.toFixed(0)];
  console.log(`| ${columns.join(" | ")} |`);
}
