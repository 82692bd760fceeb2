// The command line: the commands, each of which has its flags in cli/. vLLM's words wherever the meaning is the same.
import { Command } from "commander";
import { benchCommand } from "./cli/bench-command.js";
import { chatCommand } from "./cli/chat-command.js";
import { completeCommand } from "./cli/complete-command.js";
import { completionCommand } from "./cli/completion-command.js";
import { applyConfigFile } from "./cli/config-file.js";
import { doctorCommand } from "./cli/doctor-command.js";
import { inspectCommand } from "./cli/inspect-command.js";
import { listCommand } from "./cli/list-command.js";
import { pullCommand } from "./cli/pull-command.js";
import { rmCommand } from "./cli/rm-command.js";
import { type Serve, serveCommand } from "./cli/serve-command.js";
import { mergeSpecFlags } from "./cli/spec-flags.js";
import { version } from "./version.js";

/** @param serve what `octavo serve` does */
export function createProgram(serve: Serve): Command {
  const program = new Command("octavo")
    .description("An LLM inference and serving engine for Node.js.")
    .version(version)
    .showHelpAfterError("(--help lists the flags)");
  const configurable = [serveCommand(serve), chatCommand(), completeCommand()];
  const bench = benchCommand();
  for (const command of [...configurable, ...bench.commands]) addConfigFlag(command);
  const models = [pullCommand(), listCommand(), rmCommand()];
  const others = [bench, inspectCommand(), ...models, doctorCommand(), completionCommand(program)];
  for (const command of [...configurable, ...others]) program.addCommand(command);
  inheritSettings(program);
  return program.addHelpText(
    "after",
    `
Examples:
  octavo serve ./my-model          an OpenAI-compatible server on http://127.0.0.1:8000
  octavo chat ./my-model           a conversation in the terminal
  octavo chat org/name:Q4_K_M      a model of huggingface.co, downloaded first

octavo COMMAND --help lists a command's flags.`,
  );
}

function addConfigFlag(command: Command): void {
  command
    .optionsGroup("Options:")
    .option("--config <file>", "YAML file of flags by their names; the command line goes before it")
    .hook("preAction", () => {
      const { config } = command.opts<{ config?: string }>();
      if (config !== undefined) applyConfigFile(command, config);
      mergeSpecFlags(command);
    });
}

/** `addCommand` leaves them to the caller. */
function inheritSettings(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritSettings(child);
  }
}
