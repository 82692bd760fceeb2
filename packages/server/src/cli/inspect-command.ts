// `octavo inspect`: its flags.
import { Command } from "commander";

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("what a model is and needs; reads headers, no weights")
    .argument("[MODEL]", "folder or GGUF file of a model (default: @octavo/model-pocket)")
    .option("--tensors", "list every tensor, too")
    .option("--json", "all of it as JSON, for programs")
    .action(runInspect)
    .addHelpText(
      "after",
      `
Examples:
  octavo inspect ./my-model
  octavo inspect ./my-model --tensors | sort -k3`,
    );
}

async function runInspect(folder: string | undefined, flags: { tensors?: boolean; json?: boolean }): Promise<void> {
  const [{ formatModel, formatTensors, memoryNeed }, { describeMachine }, { defaultModelFolder }, { describeModel }] =
    await Promise.all([
      import("./inspect.js"),
      import("./machine.js"),
      import("../default-model.js"),
      import("@octavo/engine"),
    ]);
  const description = describeModel(folder ?? (await defaultModelFolder()));
  const { availableBytes } = describeMachine();
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ ...description, memory: memoryNeed(description), availableBytes }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(formatModel(description, availableBytes));
    if (flags.tensors) process.stdout.write(`\n${formatTensors(description.tensors)}`);
  }
  if (description.problems.length > 0) process.exitCode = 1;
}
