// `octavo inspect`: its flags.
import { Command } from "commander";
import { addLocationFlags, type LocationFlags, pullOptions } from "./hub-flags.js";

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("what a model is and needs; reads headers, no weights")
    .argument("[MODEL]", "folder, GGUF file or name on a hub of a model (default: @octavo/model-pocket)")
    .option("--tensors", "list every tensor, too")
    .option("--json", "all of it as JSON, for programs");
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

interface InspectFlags extends LocationFlags {
  readonly tensors?: boolean;
  readonly json?: boolean;
}

async function runInspect(model: string | undefined, flags: InspectFlags): Promise<void> {
  const [
    { formatModel, formatTensors, memoryNeed },
    { describeMachine },
    { defaultModelFolder },
    { describeModel },
    hub,
  ] = await Promise.all([
    import("./inspect.js"),
    import("./machine.js"),
    import("../default-model.js"),
    import("@octavo/engine"),
    import("@octavo/hub"),
  ]);
  const path =
    model === undefined ? await defaultModelFolder() : await hub.resolveModel(model, await pullOptions(flags));
  const description = describeModel(path);
  const { availableBytes } = describeMachine();
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ ...description, memory: memoryNeed(description), availableBytes }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(formatModel({ ...description, path: model ?? path }, availableBytes));
    if (flags.tensors) process.stdout.write(`\n${formatTensors(description.tensors)}`);
  }
  if (description.problems.length > 0) process.exitCode = 1;
}
