// How a result is shown: a table, JSON, a chart in a file.
import type { Command } from "commander";
import { chart } from "../simulator/report/chart.js";
import { formatResult } from "../simulator/report/table.js";
import { type SimulationOptions, simulate } from "../simulator/simulate.js";
import type { TracedRequest } from "../simulator/trace/traced-request.js";
import { withFlagNames } from "./scheduler-flags.js";
import { writableFile, writeOutput } from "./write-output.js";

export interface OutputFlags {
  readonly json?: boolean;
  readonly svg?: string;
}

export function addOutputFlags(command: Command): Command {
  return command
    .optionsGroup("Output:")
    .option("--json", "the result as JSON on stdout, for programs; times in seconds")
    .option("--svg <file>", "also write a chart of the run", writableFile);
}

/** Simulates and shows the result, with how long that took on stderr. */
export function runAndShow(
  title: string,
  requests: readonly TracedRequest[],
  options: SimulationOptions,
  { json = false, svg }: OutputFlags,
): void {
  const started = performance.now();
  const showProgress = process.stderr.isTTY;
  const onProgress = (arrived: number) => process.stderr.write(`\r${arrived} of ${requests.length} requests`);
  const result = simulate(requests, { ...options, ...(showProgress && { onProgress }) });
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  if (showProgress) process.stderr.write("\r\u001b[K");
  if (svg !== undefined) writeOutput(svg, chart(title, result));
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : formatResult(title, result));
  process.stderr.write(`${requests.length} requests and ${result.steps} steps were simulated in ${seconds} s\n`);
  if (result.refused > 0) {
    const first = withFlagNames(result.firstRefusal!);
    process.stderr.write(`${result.refused} requests were refused, the first because ${first}\n`);
  }
}
