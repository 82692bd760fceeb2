// The command line: the commands, each of which has its flags in cli/. vLLM's words wherever the meaning is the same.
import { Command } from "commander";
import { benchCommand } from "./cli/bench-command.js";
import { chatCommand } from "./cli/chat-command.js";
import { completeCommand } from "./cli/complete-command.js";
import { doctorCommand } from "./cli/doctor-command.js";
import { inspectCommand } from "./cli/inspect-command.js";
import { type Serve, serveCommand } from "./cli/serve-command.js";
import { version } from "./version.js";

/** @param serve what `octavo serve` does */
export function createProgram(serve: Serve): Command {
  const program = new Command("octavo")
    .description("An LLM inference and serving engine for Node.js.")
    .version(version)
    .showHelpAfterError("(--help lists the flags)");
  for (const command of [
    serveCommand(serve),
    chatCommand(),
    completeCommand(),
    benchCommand(),
    inspectCommand(),
    doctorCommand(),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program.addHelpText(
    "after",
    `
Examples:
  octavo serve ./my-model          an OpenAI-compatible server on http://127.0.0.1:8000
  octavo chat ./my-model           a conversation in the terminal

octavo COMMAND --help lists a command's flags.`,
  );
}
