// `octavo inspect`: its flags.
import type { EngineOptions } from "@octavo/engine";
import { Command, Option } from "commander";
import { DTYPES } from "./engine-flags.js";
import { positive } from "./flag-values.js";
import { addLocationFlags, type LocationFlags, pullOptions } from "./hub-flags.js";

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
  octavo inspect ./my-model --tensors | sort -k3`,
    );
}

interface InspectFlags extends LocationFlags, Pick<EngineOptions, "dtype" | "dequantize"> {
  readonly tensors?: boolean;
  readonly json?: boolean;
  readonly maxModelLen?: number;
}

async function runInspect(model: string | undefined, flags: InspectFlags): Promise<void> {
  const { tensors, json, dtype: asked, dequantize, maxModelLen } = flags;
  const [{ formatModel, formatTensors, memoryNeed }, { defaultModelFolder }, { describeModel, devicesForModel }, hub] =
    await Promise.all([
      import("./inspect.js"),
      import("../default-model.js"),
      import("@octavo/engine"),
      import("@octavo/hub"),
    ]);
  const path =
    model === undefined ? await defaultModelFolder() : await hub.resolveModel(model, await pullOptions(flags));
  const description = describeModel(path);
  const devices = await devicesForModel(description, { dtype: asked, dequantize, maxModelLen });
  const dtype = devices.find(({ weights }) => weights !== null)?.weights?.dtype;
  const memory = memoryNeed(description, { maxModelLen, dtype });
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...description, memory, devices }, null, 2)}\n`);
  } else {
    process.stdout.write(formatModel({ description: { ...description, path: model ?? path }, memory, devices }));
    if (tensors) process.stdout.write(`\n${formatTensors(description.tensors)}`);
  }
  if (description.problems.length > 0) process.exitCode = 1;
}
