#!/usr/bin/env node
// `octavo-kernels-cuda`: what this machine has for the CUDA backend, whether its kernels compute right, and how fast.
import { OctavoError } from "@octavo/core";
import { parseCommand, USAGE } from "./command-line.js";
import { findGpus, findLibraries, type GpuReport, type LibraryReport } from "./index.js";

function version(number: number): string {
  return `${Math.floor(number / 1000)}.${(number % 1000) / 10}`;
}

function describe(
  { runtime, driver, architectures, problem, gpus }: GpuReport,
  libraries: readonly LibraryReport[],
): string {
  const lines = [
    `addon: CUDA ${version(runtime)}, kernels for ${architectures}`,
    `driver: ${driver === 0 ? "none" : `for CUDA ${version(driver)}`}`,
    ...gpus.map(
      ({ name, major, minor, multiprocessors, totalBytes }, i) =>
        `GPU ${i}: ${name}, compute capability ${major}.${minor}, ${multiprocessors} multiprocessors, ${(totalBytes / 2 ** 30).toFixed(1)} GiB`,
    ),
    ...libraries.map(({ name, usable, found }) => `${name}: ${usable ? found : `not usable (${found})`}`),
  ];
  if (problem) lines.push(`cannot be used: ${problem}`);
  return lines.join("\n");
}

/** @returns the exit code: 0 when all is well, 1 when something is not, 2 for a command line that is not understood */
async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  switch (command.name) {
    case "help":
      console.log(USAGE);
      return 0;
    case "info": {
      const report = findGpus();
      console.log(describe(report, findLibraries()));
      return report.problem ? 1 : 0;
    }
    case "verify": {
      const { verify } = await import("./verify.js");
      return verify(command.options) > 0 ? 1 : 0;
    }
    case "bench": {
      const { runBench } = await import("./bench/run-bench.js");
      const { options, json } = command;
      const report = runBench({ ...options, ...(!json && { print: console.log }) });
      if (json) console.log(JSON.stringify(report, null, 2));
      return 0;
    }
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message, code } = OctavoError.from(error);
  console.error(`octavo-kernels-cuda: ${message} (${code})`);
  const misused = code === "INVALID_ARGUMENT";
  if (misused) console.error("octavo-kernels-cuda --help tells what there is.");
  process.exitCode = misused ? 2 : 1;
}
