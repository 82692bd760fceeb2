// `octavo completion`: its argument.
import { Argument, Command } from "commander";
import { completionScript, SHELLS, type Shell } from "./completion.js";

export function completionCommand(program: Command): Command {
  return new Command("completion")
    .description("print a script that lets a shell complete octavo's commands and flags")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    })
    .addHelpText(
      "after",
      `
Examples:
  source <(octavo completion bash)               in ~/.bashrc; likewise zsh in ~/.zshrc
  octavo completion fish > ~/.config/fish/completions/octavo.fish`,
    );
}
