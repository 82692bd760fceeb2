// Pocket on the GPU and on the CPU in float32: the same greedy tokens; then how fast it decodes. Plain Node, for machines that
// have no test runner: node test/gpu/smoke.mjs. With "short" a few tokens and no speed, for running under compute-sanitizer.
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { skipWithoutGpu } from "./script.mjs";

skipWithoutGpu();

const PROMPTS = ["Once upon a time", "The fox and the river", "One day a little girl", "Hello!"];
const SHORT = process.argv[2] === "short";
const TOKENS = SHORT ? 6 : 24;

async function greedy(device, dtype) {
  const llm = await LLM.load(modelPath, { device, dtype, maxModelLen: 512, maxNumSeqs: 64 });
  try {
    const outputs = await llm.generate(PROMPTS, { temperature: 0, maxTokens: TOKENS, ignoreEos: true });
    return outputs.map(({ tokenIds }) => [...tokenIds]);
  } finally {
    await llm.dispose();
  }
}

/** Where two lists part; their length when they do not. */
function firstDifference(a, b) {
  let i = 0;
  while (i < Math.min(a.length, b.length) && a[i] === b[i]) i++;
  return i;
}

async function speed(dtype, batch) {
  const maxTokens = 128;
  const llm = await LLM.load(modelPath, { device: "cuda", dtype, maxModelLen: 512, maxNumSeqs: 64 });
  try {
    const prompts = Array.from({ length: batch }, (_, i) => PROMPTS[i % PROMPTS.length]);
    await llm.generate(prompts, { temperature: 0, maxTokens: 8, ignoreEos: true });
    const started = performance.now();
    await llm.generate(prompts, { temperature: 0, maxTokens, ignoreEos: true });
    const seconds = (performance.now() - started) / 1000;
    const rate = (batch * maxTokens) / seconds;
    console.log(
      `${dtype}, batch ${batch}: ${rate.toFixed(0)} tokens/s, ${((1000 * seconds) / maxTokens).toFixed(3)} ms a step`,
    );
  } finally {
    await llm.dispose();
  }
}

{
  const llm = await LLM.load(modelPath, { device: "cuda" });
  console.log(`${llm.info.device}; loaded in ${llm.info.loadSeconds.toFixed(2)} s`);
  await llm.dispose();
}
const [cpu, cuda] = [await greedy("cpu", "float32"), await greedy("cuda", "float32")];
let failures = 0;
for (const [i, expected] of cpu.entries()) {
  const same = firstDifference(cuda[i], expected);
  if (same === TOKENS) continue;
  failures++;
  console.log(`FAIL "${PROMPTS[i]}" differs at token ${same}: cuda ${cuda[i]}, cpu ${expected}`);
}
console.log(`float32 greedy: ${PROMPTS.length - failures} of ${PROMPTS.length} prompts equal over ${TOKENS} tokens`);
for (const dtype of ["bfloat16", "float16"]) {
  const tokens = await greedy("cuda", dtype);
  console.log(`${dtype} greedy: equal to float32 for ${tokens.map((t, i) => firstDifference(t, cpu[i]))} tokens`);
}
if (!SHORT) {
  for (const dtype of ["float32", "bfloat16"]) for (const batch of [1, 16, 64]) await speed(dtype, batch);
}
process.exitCode = failures > 0 ? 1 : 0;
