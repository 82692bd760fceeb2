// `octavo inspect`: its flags.
import type { InspectOptions } from "@octavo/engine";
import { Command, Option } from "commander";
import { DTYPES } from "./engine-flags.js";
import { positive } from "./flag-values.js";
import { addLocationFlags, hubOptions, type LocationFlags } from "./hub-flags.js";

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("what a model is, needs and runs on; reads headers, no weights")
    .argument("[MODEL]", "folder, GGUF file or name on a hub of a model (default: @octavo/model-pocket)")
    .option("--tensors", "list every tensor, too")
    .option("--json", "all of it as JSON, for programs")
    .option("--max-model-len <tokens>", "prompt and output together (default: the model's limit)", positive)
    .addOption(new Option("--dtype <dtype>", "as it would be served").choices(DTYPES).default("auto"))
    .option("--dequantize", "as it would be served, with all blocks of a GGUF file decoded");
  return addLocationFlags(command)
    .action(runInspect)
    .addHelpText(
      "after",
      `
Examples:
  octavo inspect ./my-model
  octavo inspect org/name:Q4_K_M     of a hub: its headers, not its weights
  octavo inspect ./my-model --tensors | sort -k3`,
    );
}

interface InspectFlags extends LocationFlags, InspectOptions {
  readonly tensors?: boolean;
  readonly json?: boolean;
}

async function runInspect(model: string | undefined, flags: InspectFlags): Promise<void> {
  const { tensors, json, dtype, dequantize, maxModelLen } = flags;
  const [{ formatModel, formatTensors }, { defaultModelFolder }, { inspectModel }, { resolveHeaders }] =
    await Promise.all([
      import("./inspect.js"),
      import("../default-model.js"),
      import("@octavo/engine"),
      import("@octavo/hub"),
    ]);
  const found = await resolveHeaders(model ?? (await defaultModelFolder()), hubOptions(flags));
  await using hub = typeof found === "string" ? undefined : found;
  const path = typeof found === "string" ? found : found.path;
  const inspection = await inspectModel(path, { dtype, dequantize, maxModelLen }, hub && model);
  const { description, serving, devices } = inspection;
  if (json) {
    const download = hub && { bytes: hub.bytes, bytesToDownload: hub.bytesToDownload };
    const memory = serving && { weightBytes: description.weightBytes, ...serving };
    process.stdout.write(`${JSON.stringify({ ...description, memory, devices, download }, null, 2)}\n`);
  } else {
    process.stdout.write(formatModel(inspection, hub));
    if (tensors) process.stdout.write(`\n${formatTensors(description.tensors)}`);
  }
  if (description.problems.length > 0) process.exitCode = 1;
}
