// Replays a trace on a real engine in real time: what octavo-scheduler simulates, measured. It also records steps, to which
// octavo-scheduler fits a cost.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { EngineOptions } from "@octavo/engine";
import { createStatsBuffer, loadCore, type StepTimeObserver } from "@octavo/engine/core";
import { readTrace, type TracedRequest } from "@octavo/scheduler/simulator";
import { describeMachine } from "./machine.js";
import { calibrationRounds } from "./replay/calibration.js";
import { cpuClock, cpuMilliseconds, wallClock } from "./replay/clock.js";
import { replayTrace } from "./replay/replay-trace.js";

const USAGE = `usage: node apps/bench/dist/replay.js MODEL [TRACE] [FLAGS]
  MODEL            folder or GGUF file
  TRACE            a file that octavo-scheduler replay takes; without one: rounds of steps of all kinds, for --steps
  --steps FILE     write what each step computed and how long it took, for octavo-scheduler fit
  --options JSON   engine options, such as '{"maxNumSeqs": 16}'
  --limit N        only the first requests of the trace
  --cpu-time       one thread, and its CPU time for time: for machines that others use, too`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string" },
    options: { type: "string" },
    limit: { type: "string" },
    "cpu-time": { type: "boolean" },
  },
});

async function main(): Promise<void> {
  const [model, trace] = positionals;
  if (model === undefined || positionals.length > 2) throw new Error(`one or two arguments were expected\n${USAGE}`);
  if (trace === undefined && values.steps === undefined)
    throw new Error(`without a trace, --steps is needed\n${USAGE}`);
  const limit = values.limit === undefined ? undefined : Number(values.limit);
  const requests = trace === undefined ? undefined : await readTrace(trace, { limit });
  const cpuTime = values["cpu-time"] ?? false;
  const threads = cpuTime ? { numThreads: 1 } : {};
  const given = JSON.parse(values.options ?? "{}") as EngineOptions;
  const options: EngineOptions = { device: "cpu", skipTokenizerInit: true, ...threads, ...given };
  const clock = cpuTime ? cpuClock : wallClock;
  const { core, info } = await loadCore(model, options, new Float64Array(createStatsBuffer()));
  const { vocabSize, maxModelLen, maxNumSeqs, maxNumBatchedTokens, blockSize, numBlocks } = info;
  const engine = { core, vocabSize, maxModelLen };
  console.error(`${describeMachine()}; ${info.device}, ${info.dtype}`);
  console.error(
    `max_num_seqs ${maxNumSeqs}, max_num_batched_tokens ${maxNumBatchedTokens}, max_model_len ${maxModelLen}, KV cache of ${(numBlocks - 1) * blockSize} tokens in blocks of ${blockSize}`,
  );
  let index = 1_000_000;
  const calibrate = (rounds: readonly (readonly TracedRequest[])[]) => {
    for (const round of rounds) {
      replayTrace(engine, round, index, clock);
      index += round.length;
    }
  };
  const all = calibrationRounds(maxNumSeqs, maxModelLen);
  // Pages, caches and the compiler are then as they are in an engine that has run for a while.
  calibrate(requests ? calibrationRounds(Math.min(16, maxNumSeqs), Math.min(512, maxModelLen)) : all);
  const steps: string[] = [];
  if (values.steps !== undefined) {
    const record: StepTimeObserver = (work, seconds) =>
      steps.push(JSON.stringify({ ...work, seconds: Number(seconds.toPrecision(5)) }));
    core.timeSteps(record, cpuTime ? cpuMilliseconds : undefined);
  }
  if (requests) {
    const metrics = replayTrace(engine, requests, index, clock);
    const { completed, end, inputTokens, outputTokens, cachedTokens } = metrics;
    const latencies = (["ttft", "itl", "tpot", "e2el", "queueTime"] as const).map(
      (name) => [name, metrics[name].distribution()] as const,
    );
    const rates = { requestsPerSecond: completed / end, outputTokensPerSecond: outputTokens / end };
    const counts = { completed, duration: end, inputTokens, outputTokens, cachedTokens };
    console.log(JSON.stringify({ ...counts, ...rates, ...Object.fromEntries(latencies) }, null, 2));
  } else {
    calibrate(all);
  }
  core.dispose();
  if (values.steps !== undefined) writeFileSync(values.steps, `${steps.join("\n")}\n`);
}

try {
  await main();
} catch (error) {
  console.error(`replay: ${(error as Error).message}`);
  process.exitCode = 1;
}
