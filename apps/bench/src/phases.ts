// Measures a model's shape with dummy weights, phase by phase, through the public API: one line `RESULT {...}` a figure.
import { parseArgs } from "node:util";
import { type EngineOptions, LLM } from "@octavo/engine";
import { describeMachine } from "./machine.js";
import { SHAPES, withShape } from "./phases/shapes.js";
import { Bench, type Figures, PHASES, throughputRequests } from "./phases/workload.js";

const USAGE = `usage: node apps/bench/dist/phases.js SHAPE DTYPE PHASES [--device cuda|cpu]
  SHAPE   ${Object.keys(SHAPES).join(", ")}
  DTYPE   bf16, fp16, fp32
  PHASES  joined by commas: lat (decode at batch 1 to 256, prefill of 1k to 32k), ctx (decode with 4k and 32k of context),
          thr (1000 in, 1000 out), nano (256 requests of 100 to 1024)
environment: T0 start time for start_to_first_token_s, in Unix seconds (default: the start of this process)
             NREQ requests of thr (default: 768)
             OCTAVO_BENCH_OPTIONS engine options as JSON, which go before the benchmark's own`;

const DTYPES: Readonly<Record<string, NonNullable<EngineOptions["dtype"]>>> = {
  bf16: "bfloat16",
  fp16: "float16",
  fp32: "float32",
};

const DEFAULTS: EngineOptions = {
  loadFormat: "dummy",
  skipTokenizerInit: true,
  maxModelLen: 32776,
  maxNumSeqs: 1024,
  maxNumBatchedTokens: 8192,
  gpuMemoryUtilization: 0.92,
};

interface Arguments {
  readonly shape: string;
  readonly mode: string;
  readonly phases: readonly string[];
  readonly device: string;
}

function readArguments(): Arguments {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { device: { type: "string" } } });
  const [shape = "", mode = "", list = ""] = positionals;
  const phases = list.split(",");
  const unknown = [
    ...(Object.hasOwn(SHAPES, shape) ? [] : [`shape "${shape}"`]),
    ...(Object.hasOwn(DTYPES, mode)
      ? []
      : [`dtype "${mode}"${mode.startsWith("fp8") ? " (Octavo has no FP8 yet)" : ""}`]),
    ...phases.filter((phase) => !Object.hasOwn(PHASES, phase)).map((phase) => `phase "${phase}"`),
  ];
  if (positionals.length !== 3 || unknown.length > 0) {
    throw new Error(
      `${positionals.length === 3 ? `there is no ${unknown.join(", no ")}` : `${positionals.length} arguments were given, not 3`}\n${USAGE}`,
    );
  }
  return { shape, mode, phases, device: values.device ?? "cuda" };
}

function engineOptions({ mode, device }: Arguments): EngineOptions {
  const given = JSON.parse(process.env.OCTAVO_BENCH_OPTIONS || "{}") as EngineOptions;
  const maxNumQueuedReqs = Math.max(4096, throughputRequests());
  return { ...DEFAULTS, maxNumQueuedReqs, dtype: DTYPES[mode], device: device as EngineOptions["device"], ...given };
}

async function main(): Promise<void> {
  const asked = readArguments();
  const { shape, mode, phases } = asked;
  const options = engineOptions(asked);
  const started = process.env.T0 ? Number(process.env.T0) : performance.timeOrigin / 1000;
  const report = (figures: Figures) => console.log(`RESULT ${JSON.stringify({ shape, mode, ...figures })}`);
  await withShape(shape, async (folder) => {
    await using llm = await LLM.load(folder, options);
    const bench = new Bench(llm);
    await bench.run([16], [1], 0);
    report({ start_to_first_token_s: Number((Date.now() / 1000 - started).toFixed(2)) });
    const { device, numBlocks, blockSize, maxNumBatchedTokens, loadSeconds } = llm.info;
    console.error(`${describeMachine()}; ${device}; loaded in ${loadSeconds.toFixed(2)} s`);
    console.error(`KV cache of ${(numBlocks - 1) * blockSize} tokens, ${maxNumBatchedTokens} tokens a step`);
    for (const phase of phases) await PHASES[phase]!(bench, report);
    const { numPreemptions } = llm.stats;
    if (numPreemptions > 0) console.error(`${numPreemptions} preemptions: the KV cache is too small for these phases`);
  });
}

try {
  await main();
} catch (error) {
  console.error(`phases: ${(error as Error).message}`);
  process.exitCode = 1;
}
