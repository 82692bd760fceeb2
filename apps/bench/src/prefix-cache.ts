// What the prefix cache costs where it finds nothing: the same requests with and without it, in turns, every prompt random.
import { parseArgs } from "node:util";
import { type EngineOptions, LLM } from "@octavo/engine";
import { cpuSeconds } from "./cpu-time.js";
import { describeMachine } from "./machine.js";
import { SHAPES, withShape } from "./phases/shapes.js";
import { Bench } from "./phases/workload.js";
import { median, rounded, sideBySide } from "./side-by-side.js";

const USAGE = `usage: node apps/bench/dist/prefix-cache.js SHAPE [--rounds N] [--running N] [--prompt N] [--tokens N]
         [--threads N] [--device cpu|cuda]
  SHAPE      ${Object.keys(SHAPES).join(", ")}; with dummy weights in bfloat16
  --rounds   pairs of runs (default: 9); one before them is not counted
  --running  requests at once (default: 8)
  --prompt   tokens of a prompt (default: 512)
  --tokens   tokens of an output (default: 32)`;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "9" },
      running: { type: "string", default: "8" },
      prompt: { type: "string", default: "512" },
      tokens: { type: "string", default: "32" },
      threads: { type: "string" },
      device: { type: "string", default: "cpu" },
    },
  });
  const [shape = ""] = positionals;
  if (!Object.hasOwn(SHAPES, shape)) throw new Error(USAGE);
  const [rounds, running, prompt, tokens] = [values.rounds, values.running, values.prompt, values.tokens].map(
    Number,
  ) as [number, number, number, number];
  const common: EngineOptions = {
    loadFormat: "dummy",
    skipTokenizerInit: true,
    dtype: "bfloat16",
    device: values.device as EngineOptions["device"],
    maxNumSeqs: running,
    maxModelLen: prompt + tokens,
    gpuMemoryUtilization: 0.4,
    ...(values.threads === undefined ? {} : { numThreads: Number(values.threads) }),
  };
  await withShape(shape, async (folder) => {
    await using plain = await LLM.load(folder, { ...common, enablePrefixCaching: false });
    await using caching = await LLM.load(folder, { ...common, enablePrefixCaching: true });
    console.error(`${describeMachine()}; ${plain.info.device}`);
    const { ratios, first, second } = await sideBySide(plain, caching, rounds, async (llm, round) => {
      const before = process.cpuUsage();
      const seconds = await new Bench(llm).batch(running, prompt, tokens, round);
      return { seconds, cpuSeconds: cpuSeconds(before) };
    });
    const { prefixCacheHits } = caching.stats;
    if (prefixCacheHits > 0) throw new Error(`${prefixCacheHits} tokens were found in the cache: nothing was measured`);
    const seconds = (runs: typeof first) => rounded(median(runs.map((run) => run.seconds)), 3);
    const result = { shape, running, prompt, tokens, plain_s: seconds(first), caching_s: seconds(second), ...ratios };
    console.log(`RESULT ${JSON.stringify(result)}`);
  });
}

try {
  await main();
} catch (error) {
  console.error(`prefix-cache: ${(error as Error).message}`);
  process.exitCode = 1;
}
