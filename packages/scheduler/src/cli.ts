#!/usr/bin/env node
// The `octavo-scheduler` command. What goes wrong is one message and exit code 1; OCTAVO_DEBUG=1 adds the stack.
import { OctavoError } from "@octavo/core";
import { createProgram } from "./cli/program.js";
import { withFlagNames } from "./cli/scheduler-flags.js";

try {
  await createProgram().parseAsync();
} catch (error) {
  const { message, code } = OctavoError.from(error);
  const text =
    process.env.OCTAVO_DEBUG === "1" && error instanceof Error ? error.stack : `${withFlagNames(message)} (${code})`;
  process.stderr.write(`octavo-scheduler: ${text}\n`);
  process.exitCode = 1;
}
