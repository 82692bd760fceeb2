#!/usr/bin/env node
// `octavo-kernels-cuda`: what this machine has for the CUDA backend, and whether its kernels compute right, and how fast.
import { parseArgs } from "node:util";
import { checkArgument, FLOAT_DTYPES, isFloatDType, OctavoError } from "@octavo/core";
import { findGpus, findLibraries, type GpuReport, type LibraryReport } from "./index.js";

const USAGE = `usage: octavo-kernels-cuda info             driver, GPUs, libraries and what is missing
       octavo-kernels-cuda verify [--op NAME] [--batch-invariant]
                                           op and memory cases on GPU 0 against the reference

       octavo-kernels-cuda bench [--op NAME] [--quick] [--dtype NAME] [--device N] [--json]
                                           every op at models' shapes: GB/s and TFLOP/s beside a read probe and a matmul`;

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

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      op: { type: "string" },
      "batch-invariant": { type: "boolean" },
      quick: { type: "boolean" },
      dtype: { type: "string", default: "bfloat16" },
      device: { type: "string", default: "0" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  switch (positionals[0]) {
    case "info": {
      const report = findGpus();
      console.log(describe(report, findLibraries()));
      return report.problem ? 1 : 0;
    }
    case "verify": {
      const { verify } = await import("./verify.js");
      return verify({ op: values.op, batchInvariant: values["batch-invariant"] }) > 0 ? 1 : 0;
    }
    case "bench": {
      const { runBench } = await import("./bench/run-bench.js");
      const { op, quick, dtype, json } = values;
      checkArgument(isFloatDType(dtype), () => `--dtype ${dtype} is none of ${FLOAT_DTYPES.join(", ")}`, "dtype");
      checkArgument(/^\d+$/.test(values.device), () => `--device ${values.device} is not a number from 0`, "device");
      const report = runBench({
        op,
        quick,
        dtype,
        deviceIndex: Number(values.device),
        ...(!json && { print: console.log }),
      });
      if (json) console.log(JSON.stringify(report, null, 2));
      return 0;
    }
    default:
      console.log(USAGE);
      return values.help ? 0 : 2;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const { message, code } = OctavoError.from(error);
  console.error(`octavo-kernels-cuda: ${message} (${code})`);
  process.exitCode = 1;
}
