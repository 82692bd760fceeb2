// `octavo complete`: a text goes in as an argument or on stdin, its continuation comes out on stdout.
import { text } from "node:stream/consumers";
import { OctavoError } from "@octavo/core";
import { Command } from "commander";
import { addClientFlags, type ClientFlags, samplingFields } from "./client-flags.js";
import { nonEmpty } from "./flag-values.js";

export interface CompleteFlags extends ClientFlags {
  readonly model?: string;
  readonly echo?: boolean;
}

export function completeCommand(): Command {
  const command = new Command("complete")
    .description("continue a text, from an argument or from stdin")
    .argument("[TEXT]", "what to continue (default: stdin)")
    .option("--model <path>", "folder, GGUF file or name on a hub of a model (default: @octavo/model-pocket)", nonEmpty)
    .option("--echo", "write TEXT before its continuation");
  return addClientFlags(command)
    .action(runComplete)
    .addHelpText(
      "after",
      `
Examples:
  octavo complete "Once upon a time" --max-tokens 50 --temperature 0
  octavo complete --url http://127.0.0.1:8000 < draft.txt > draft-and-more.txt --echo`,
    );
}

async function runComplete(given: string | undefined, flags: CompleteFlags): Promise<void> {
  const { model: folder, echo, ...rest } = flags;
  const prompt = given === undefined || given === "-" ? await text(process.stdin) : given;
  if (prompt === "") {
    const message = "there is nothing to continue: give a text (octavo complete TEXT), or one on stdin";
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "TEXT" });
  }
  const [{ connectByFlags }, { streamCompletion }] = await Promise.all([
    import("./connect-by-flags.js"),
    import("../client/completion-stream.js"),
  ]);
  await using connection = await connectByFlags(folder, rest);
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  const body = { model: connection.model, prompt, ...samplingFields(rest) };
  if (echo) process.stdout.write(prompt);
  try {
    const pieces = streamCompletion(connection.fetchPath, "/v1/completions", body, controller.signal);
    for await (const piece of pieces) process.stdout.write(piece.text);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    if (process.stdout.isTTY) process.stdout.write("\n");
  }
}
