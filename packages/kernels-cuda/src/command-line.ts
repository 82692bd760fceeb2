// What `octavo-kernels-cuda` was asked to do: each command with its own flags, so that one that it does not know is an error.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { checkArgument, FLOAT_DTYPES, isFloatDType, OctavoError } from "@octavo/core";
import type { BenchOptions } from "./bench/run-bench.js";
import type { VerifyOptions } from "./verify.js";

export const USAGE = `usage: octavo-kernels-cuda COMMAND [FLAGS]

  info     driver, GPUs, libraries and what is missing; exits with 1 when no GPU can be used
  verify   op and memory cases on a GPU against the reference; exits with 1 when one fails
             --op NAME           only cases of this op or memory call
             --batch-invariant   with the option of that name
             --device N          on this GPU (default 0)
  bench    every op at models' shapes: GB/s and TFLOP/s beside a read probe and a matmul
             --op NAME           only this op
             --quick             fewer cases and rounds
             --dtype NAME        ${FLOAT_DTYPES.join(", ")} (default bfloat16)
             --device N          on this GPU (default 0)
             --json              as JSON`;

export type Command =
  | { readonly name: "help" | "info" }
  | { readonly name: "verify"; readonly options: VerifyOptions }
  | { readonly name: "bench"; readonly options: BenchOptions; readonly json: boolean };

const FLAGS = {
  info: {},
  verify: { op: { type: "string" }, "batch-invariant": { type: "boolean" }, device: { type: "string" } },
  bench: {
    op: { type: "string" },
    quick: { type: "boolean" },
    dtype: { type: "string" },
    device: { type: "string" },
    json: { type: "boolean" },
  },
} as const satisfies Record<string, ParseArgsConfig["options"]>;

/** @param args what follows the command's name on the command line. @throws INVALID_ARGUMENT for what is not in {@link USAGE} */
export function parseCommand(args: readonly string[]): Command {
  if (args.includes("--help") || args.includes("-h")) return { name: "help" };
  const [name, ...rest] = args;
  checkArgument(name !== undefined, "a command is missing", "command");
  switch (name) {
    case "info":
      parse(rest, FLAGS.info);
      return { name };
    case "verify": {
      const { op, device, "batch-invariant": batchInvariant } = parse(rest, FLAGS.verify);
      return { name, options: { op, batchInvariant, deviceIndex: deviceIndex(device) } };
    }
    case "bench": {
      const { op, quick, dtype = "bfloat16", device, json = false } = parse(rest, FLAGS.bench);
      checkArgument(isFloatDType(dtype), () => `--dtype ${dtype} is none of ${FLOAT_DTYPES.join(", ")}`, "dtype");
      return { name, options: { op, quick, dtype, deviceIndex: deviceIndex(device) }, json };
    }
    default:
      throw new OctavoError({
        code: "INVALID_ARGUMENT",
        message: `there is no command ${name}; there are ${Object.keys(FLAGS).join(", ")}`,
        param: "command",
      });
  }
}

function parse<T extends NonNullable<ParseArgsConfig["options"]>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options }).values;
  } catch (cause) {
    throw new OctavoError({ code: "INVALID_ARGUMENT", message: (cause as Error).message, cause });
  }
}

function deviceIndex(device = "0"): number {
  checkArgument(/^\d+$/.test(device), `--device ${device} is not a number from 0 on`, "device");
  return Number(device);
}
