#!/usr/bin/env node
// The `octavo` command. What goes wrong is one message and exit code 1; OCTAVO_DEBUG=1 adds the stack.
import { OctavoError } from "@octavo/core";
import { longFlags } from "./cli/long-flags.js";
import { createProgram } from "./program.js";

const program = createProgram(async (model, flags) => {
  // Loaded here, so that --help and --version need no engine.
  const { runServe } = await import("./run-serve.js");
  await runServe(model, flags);
});

// `octavo inspect | head`: who reads has read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync(longFlags(process.argv));
} catch (error) {
  const { message, code } = OctavoError.from(error);
  const text = process.env.OCTAVO_DEBUG === "1" && error instanceof Error ? error.stack : `${message} (${code})`;
  process.stderr.write(`octavo: ${text}\n`);
  process.exit(1);
}
