// Octavo's own time per step: Pocket's shapes on the null backend, so that only planning, op calls and bookkeeping are left.
import { createStatsBuffer, encodeAdd, loadCore, OUTPUT_WORDS, resolveSamplingParams } from "@octavo/engine/core";
import { modelPath } from "@octavo/model-pocket";
import { describeMachine } from "./machine.js";

const WARMUP_STEPS = 2_000;
const MEASURED_STEPS = 10_000;
const PROMPT_TOKENS = 64;
const CONTEXT = 2048;

interface Row {
  readonly requests: number;
  readonly depth: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

async function measure(requests: number, asyncScheduling: boolean): Promise<Row> {
  const options = { device: "null", maxNumSeqs: requests, maxModelLen: CONTEXT, asyncScheduling } as const;
  const { core, info } = await loadCore(modelPath, options, new Float64Array(createStatsBuffer()));
  const context = { defaults: {}, vocabSize: info.vocabSize, maxModelLen: CONTEXT, numPromptTokens: PROMPT_TOKENS };
  let id = 0;
  const add = () => {
    // Ends of different requests are spread out, as in real traffic; a new request takes the place of each that ends.
    const maxTokens = 1024 + ((id * 37) % 900);
    const params = resolveSamplingParams({ maxTokens, temperature: 0, ignoreEos: true }, context);
    const prompt = Int32Array.from({ length: PROMPT_TOKENS }, (_, i) => (id * 7919 + i * 31) % info.vocabSize);
    core.handle(encodeAdd(++id, prompt, params, []));
  };
  for (let i = 0; i < requests; i++) add();
  const times = new Float64Array(MEASURED_STEPS);
  for (let step = -WARMUP_STEPS; step < MEASURED_STEPS; step++) {
    const start = performance.now();
    core.step();
    const outputs = core.outputs.take();
    const end = performance.now();
    if (step >= 0) times[step] = 1000 * (end - start);
    for (let i = 0; i < outputs.length; i += OUTPUT_WORDS) if (outputs[i + 2] !== 0) add();
  }
  core.dispose();
  times.sort();
  const at = (share: number) => times[Math.floor(share * (times.length - 1))]!;
  return {
    requests,
    depth: asyncScheduling ? 2 : 1,
    mean: times.reduce((a, b) => a + b) / times.length,
    p50: at(0.5),
    p99: at(0.99),
  };
}

const rows: Row[] = [];
for (const requests of [1, 64, 256]) for (const overlap of [false, true]) rows.push(await measure(requests, overlap));

console.log(`Engine overhead per decode step, null backend, ${describeMachine()}\n`);
console.log("| requests | steps in flight | mean us | median us | p99 us |");
console.log("|---|---|---|---|---|");
for (const { requests, depth, mean, p50, p99 } of rows) {
  console.log(`| ${requests} | ${depth} | ${mean.toFixed(1)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} |`);
}
if (process.argv.includes("--json")) console.log(JSON.stringify(rows));
