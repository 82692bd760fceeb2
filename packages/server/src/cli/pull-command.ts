// `octavo pull`: a model into the cache.
import { OctavoError } from "@octavo/core";
import { Command } from "commander";
import { collect } from "./flag-values.js";
import { addLocationFlags, type LocationFlags, pullOptions } from "./hub-flags.js";

interface PullFlags extends LocationFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

export function pullCommand(): Command {
  const command = new Command("pull")
    .description("download a model into the cache that Python's huggingface_hub uses, too")
    .argument(
      "<ID>",
      "org/name, org/name@REVISION, org/name:QUANTIZATION or org/name/file.gguf; ms://org/name: ModelScope",
    )
    .option(
      "--include <pattern...>",
      "files to take instead of what a model needs, such as *.json; repeatable",
      collect,
    )
    .option("--exclude <pattern...>", "files not to take; repeatable", collect);
  return addLocationFlags(command)
    .action(runPull)
    .addHelpText(
      "after",
      `
What was cut goes on where it ended: run it again. The folder or file is printed on stdout.

Examples:
  octavo pull HuggingFaceTB/SmolLM2-135M-Instruct
  octavo pull bartowski/SmolLM2-135M-Instruct-GGUF:Q8_0
  octavo serve "$(octavo pull HuggingFaceTB/SmolLM2-135M-Instruct@main)"`,
    );
}

async function runPull(id: string, { include, exclude, ...location }: PullFlags): Promise<void> {
  const { parseReference, pull } = await import("@octavo/hub");
  const reference = parseReference(id);
  if (reference.kind === "local") {
    const message = `${JSON.stringify(id)} is a path, or no name that a hub could have: name a model as org/name`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "ID" });
  }
  const { path } = await pull(reference, { ...(await pullOptions(location)), include, exclude });
  process.stdout.write(`${path}\n`);
}
