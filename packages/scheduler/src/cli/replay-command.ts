// `octavo-scheduler replay`: the requests of a trace.
import { basename } from "node:path";
import { Command } from "commander";
import { MOONCAKE_BLOCK_SIZE } from "../simulator/trace/mooncake-trace.js";
import { readTrace } from "../simulator/trace/read-trace.js";
import { addEngineFlags, type EngineFlags, simulationOptions } from "./engine-flags.js";
import { above0, whole } from "./flag-values.js";
import { addOutputFlags, type OutputFlags, runAndShow } from "./output-flags.js";

interface ReplayFlags extends EngineFlags, OutputFlags {
  readonly limit?: number;
  readonly speed: number;
  readonly hashBlockSize: number;
}

export function replayCommand(): Command {
  const command = new Command("replay")
    .description("simulate the requests of a trace: Octavo's JSONL, Mooncake's JSONL or Azure's CSV")
    .argument("TRACE", "the file; its first line tells the format")
    .optionsGroup("Trace:")
    .option("--limit <count>", "only the first requests", whole(1))
    .option("--speed <factor>", "requests arrive so many times faster", above0, 1)
    .option("--hash-block-size <tokens>", "tokens of one of Mooncake's hash ids", whole(1), MOONCAKE_BLOCK_SIZE);
  return addOutputFlags(addEngineFlags(command)).action(run);
}

async function run(file: string, flags: ReplayFlags): Promise<void> {
  const requests = await readTrace(file, flags);
  const title = `${basename(file)}, ${requests.length} requests at ${flags.speed}x, cost ${flags.cost}`;
  runAndShow(title, requests, simulationOptions(flags), flags);
}
