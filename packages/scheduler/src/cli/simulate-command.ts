// `octavo-scheduler simulate`: a synthetic workload.
import { Command, Option } from "commander";
import { formatOctavoRequest } from "../simulator/trace/octavo-trace.js";
import { LENGTHS_SYNTAX } from "../simulator/workload/lengths.js";
import { createWorkload, type WorkloadOptions } from "../simulator/workload/workload.js";
import { addEngineFlags, type EngineFlags, simulationOptions } from "./engine-flags.js";
import { above0, rate, shares, whole } from "./flag-values.js";
import { addOutputFlags, type OutputFlags, runAndShow } from "./output-flags.js";
import { writableFile, writeOutput } from "./write-output.js";

interface SimulateFlags extends WorkloadOptions, EngineFlags, OutputFlags {
  readonly saveTrace?: string;
}

export function simulateCommand(): Command {
  const command = new Command("simulate")
    .description("simulate a workload of given rate and lengths")
    .optionsGroup("Workload:")
    .option("--num-prompts <count>", "how many requests", whole(1), 1000)
    .addOption(
      new Option("--request-rate <number>", "requests a second, on average; inf: all at once")
        .argParser(rate)
        .default(Number.POSITIVE_INFINITY, "inf"),
    )
    .option("--burstiness <number>", "1: a Poisson process; less is burstier, more is more even", above0, 1)
    .option("--input-len <lengths>", `tokens of prompts: ${LENGTHS_SYNTAX}`, "1024")
    .option("--output-len <lengths>", "tokens that are generated, likewise", "128")
    .option("--num-prefixes <count>", "prefixes, of which each prompt begins with one", whole(0), 0)
    .option("--prefix-len <tokens>", "their length, in addition to --input-len", whole(0), 0)
    .addOption(
      new Option("--tenants <shares>", "tenants, by their shares of the requests, such as 8,1,1")
        .argParser(shares)
        .default([], "none"),
    )
    .addOption(
      new Option("--priorities <shares>", "priorities from 0 on, by their shares of the requests, such as 1,9")
        .argParser(shares)
        .default([], "none"),
    )
    .option("--seed <number>", "the same seed gives the same result, to the bit", whole(0), 0)
    .option("--save-trace <file>", "also write the workload as a trace, for replay", writableFile);
  return addOutputFlags(addEngineFlags(command)).action(run);
}

function run(flags: SimulateFlags): void {
  const { numPrompts, requestRate, inputLen, outputLen, saveTrace } = flags;
  const requests = createWorkload(flags);
  if (saveTrace !== undefined) writeOutput(saveTrace, requests.map((it) => `${formatOctavoRequest(it)}\n`).join(""));
  const pace = Number.isFinite(requestRate) ? `${requestRate} requests/s` : "all at once";
  const title = `${numPrompts} requests, ${inputLen} + ${outputLen} tokens, ${pace}, cost ${flags.cost}`;
  runAndShow(title, requests, simulationOptions(flags), flags);
}
