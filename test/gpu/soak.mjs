// Leaks on the GPU: engines loaded and disposed of again and again, and requests that are aborted. Fails when this process or the
// device holds more in the end than after the first cycles. Plain Node: node test/gpu/soak.mjs [CYCLES] [ABORTS]
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { check, skipWithoutGpu, usedMebibytes } from "./script.mjs";

skipWithoutGpu();
const cycles = Number(process.argv[2] ?? 1000);
const aborts = Number(process.argv[3] ?? 10_000);
const options = { device: "cuda", maxModelLen: 512, maxNumSeqs: 32, kvCacheMemoryBytes: 2 ** 25 };

/** Cycles after which caches, arenas and libraries have their size. */
const WARM_UP = 50;
/**
 * What memory may grow by. The driver gives device memory out in pieces of 2 MiB; one KV cache, were it kept, is 32 MiB. Resident
 * memory varies with V8's young generations and malloc's arenas, by 40 MiB on the CPU backend; 64 MiB are 67 KiB a load. The live
 * heap is the main thread's, and exact.
 */
const TOLERANCE_MIB = { device: 8, resident: 64, heap: 4 };
/** Every so many-th cycle has a thread and a tokenizer, as users have; the others go without, which is several times quicker. */
const THREAD_EVERY = 10;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

function measure(what) {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  const memory = { device: usedMebibytes(), resident: Math.round(rss / 2 ** 20), heap: Math.round(heapUsed / 2 ** 20) };
  console.log(
    `${what}: device ${memory.device} MiB, process ${memory.resident} MiB, of which live heap ${memory.heap} MiB`,
  );
  return memory;
}

function compare(what, before, after) {
  for (const [kind, most] of Object.entries(TOLERANCE_MIB)) {
    const growth = after[kind] - before[kind];
    check(growth <= most, `${what}: ${kind} memory grew by ${growth} MiB (at most ${most})`);
  }
}

async function cycle(thread) {
  const llm = await LLM.load(modelPath, { ...options, thread, skipTokenizerInit: !thread });
  // The second decode step of a row count captures its graph, the third launches it.
  await llm.generate([5, 6, 7], { temperature: 0, maxTokens: 5, ignoreEos: true });
  await llm.dispose();
}

async function loads() {
  let start;
  const started = performance.now();
  for (let i = 1; i <= cycles; i++) {
    await cycle(i % THREAD_EVERY === 0);
    if (i === Math.min(WARM_UP, Math.ceil(cycles / 2))) start = measure(`${i} loads`);
    else if (i % Math.ceil(cycles / 5) === 0) measure(`${i} loads`);
  }
  console.log(`${((performance.now() - started) / cycles).toFixed(1)} ms a load`);
  compare(`${cycles} loads`, start, measure(`${cycles} loads`));
}

/** Aborts of requests in every state: half at once, half when one of them has its first token. */
async function abortMany(llm, count) {
  for (let started = 0; started < count; ) {
    const streams = Array.from({ length: Math.min(100, count - started) }, () =>
      llm.submit({ prompt: [5 + (started++ % 4000), 6, 7], params: { maxTokens: 400, ignoreEos: true } }),
    );
    for (const [i, stream] of streams.entries()) if (i % 2 === 0) stream.abort();
    // 32 of the others run by now, the rest waits.
    await streams.at(1)?.[Symbol.asyncIterator]().next();
    for (const stream of streams) stream.abort();
  }
  await llm.idle();
}

async function abortsLeaveNothing() {
  const llm = await LLM.load(modelPath, options);
  // Row counts of decode steps, each of which has a graph from now on.
  for (const rows of [1, 2, 4, 8, 16, 24, 32]) {
    await llm.generate(Array(rows).fill([5, 6, 7]), { maxTokens: 6, ignoreEos: true });
  }
  const first = Math.ceil(aborts / 5);
  await abortMany(llm, first);
  const start = measure(`${first} aborts`);
  await abortMany(llm, aborts - first);
  // One that is not aborted, by whose end the engine has taken note of all that were.
  await llm.generate([5, 6, 7], { maxTokens: 4, ignoreEos: true });
  compare(`${aborts} aborts`, start, measure(`${aborts} aborts`));
  const { numRunning, numWaiting, kvBlocksUsed, generationTokens } = llm.stats;
  console.log(`${generationTokens} tokens were generated before the aborts`);
  check(
    numRunning + numWaiting + kvBlocksUsed === 0,
    `afterwards running ${numRunning}, waiting ${numWaiting}, blocks ${kvBlocksUsed}`,
  );
  await llm.dispose();
}

await loads();
await abortsLeaveNothing();
console.log(process.exitCode ? "FAIL soak" : "PASS soak");
