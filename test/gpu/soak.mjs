// Leaks on the GPU: engines loaded and disposed of again and again, and requests that are aborted. Plain Node:
// node test/gpu/soak.mjs [CYCLES] [ABORTS]
import { execFileSync } from "node:child_process";
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";

const cycles = Number(process.argv[2] ?? 50);
const aborts = Number(process.argv[3] ?? 2000);
const options = { device: "cuda", maxModelLen: 512, maxNumSeqs: 32, kvCacheMemoryBytes: 2 ** 25 };

/** MiB in use on the device, by everybody, and resident in this process. */
function memory() {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"];
  const device = execFileSync("nvidia-smi", query, { encoding: "utf8" }).trim();
  return `device ${device} MiB, process ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`;
}

for (let cycle = 0; cycle < cycles; cycle++) {
  const llm = await LLM.load(modelPath, options);
  await llm.generate("Once", { maxTokens: 2 });
  await llm.dispose();
  if (cycle % Math.max(1, Math.floor(cycles / 5)) === 0) console.log(`${cycle + 1} loads: ${memory()}`);
}
console.log(`${cycles} loads: ${memory()}`);

const llm = await LLM.load(modelPath, options);
for (let started = 0; started < aborts; ) {
  const streams = Array.from({ length: 50 }, () =>
    llm.submit({ prompt: [5 + (started++ % 4000), 6, 7], params: { maxTokens: 200, ignoreEos: true } }),
  );
  await new Promise((resolve) => setTimeout(resolve, 3));
  for (const stream of streams) stream.abort();
  if (started % Math.max(50, Math.floor(aborts / 5 / 50) * 50) === 0) console.log(`${started} aborts: ${memory()}`);
}
await llm.idle();
await new Promise((resolve) => setTimeout(resolve, 50));
const { numRunning, numWaiting, kvBlocksUsed } = llm.stats;
console.log(`after the aborts: running ${numRunning}, waiting ${numWaiting}, blocks ${kvBlocksUsed}`);
await llm.dispose();
process.exitCode = numRunning + numWaiting + kvBlocksUsed === 0 ? 0 : 1;
