// `octavo completion`: scripts that let a shell complete commands, flags and their values, made from the commands themselves.
import type { Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(program: Command, shell: Shell): string {
  const commands = flatten(program, [program.name()]);
  if (shell === "fish") return fishScript(commands);
  const script = bashScript(commands);
  return shell === "bash" ? script : `#compdef octavo\nautoload -U +X bashcompinit && bashcompinit\n${script}`;
}

interface FlatCommand {
  /** Names from the program's down to its own. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly Option[];
  readonly children: readonly string[];
}

function flatten(command: Command, path: readonly string[]): FlatCommand[] {
  const help = command.createHelp();
  const own: FlatCommand = {
    path,
    description: command.description(),
    options: help.visibleOptions(command),
    children: command.commands.map((child) => child.name()),
  };
  return [own, ...command.commands.flatMap((child) => flatten(child, [...path, child.name()]))];
}

function bashScript(commands: readonly FlatCommand[]): string {
  const names = commands.slice(1).map(({ path }) => `"${path.join(" ")}"`);
  const words = commands.map(({ path, options, children }) => {
    const flags = options.flatMap(({ long }) => long ?? []);
    return `    "${path.join(" ")}") words="${[...children, ...flags].join(" ")}" ;;`;
  });
  const values = commands.flatMap(({ path, options }) =>
    options
      .filter((option) => !option.isBoolean())
      .map(({ long, argChoices = [] }) => {
        // Without choices the shell's own completion goes on: files.
        const reply =
          argChoices.length > 0 ? `COMPREPLY=($(compgen -W "${argChoices.join(" ")}" -- "$current")); ` : "";
        return `    "${path.join(" ")} ${long}") ${reply}return ;;`;
      }),
  );
  return `_octavo() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path=octavo word words
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
    ${names.join("|")}) path="$path $word" ;;
    esac
  done
  case "$path $previous" in
${values.join("\n")}
  esac
  case "$path" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _octavo octavo
`;
}

function fishScript(commands: readonly FlatCommand[]): string {
  const lines: string[] = [];
  // `octavo bench serve` names `serve`, too.
  const groups = commands.filter(({ path, children }) => path.length === 2 && children.length > 0);
  const groupNames = groups.map(({ path }) => path[1]!);
  for (const { path, options, children } of commands) {
    const inside = path.slice(1).map((name) => `__fish_seen_subcommand_from ${name}`);
    const condition = (outside: readonly string[]) => {
      const without = outside.length > 0 ? [`not __fish_seen_subcommand_from ${outside.join(" ")}`] : [];
      const all = [...inside, ...without];
      return all.length > 0 ? ` -n ${quote(all.join("; and "))}` : "";
    };
    for (const child of children) {
      const { description } = commands.find((command) => command.path.join(" ") === [...path, child].join(" "))!;
      lines.push(`complete -c octavo${condition(children)} -f -a ${child} -d ${quote(description)}`);
    }
    for (const { long, short, argChoices, description, ...option } of options) {
      if (!long) continue;
      const letter = short && short.length === 2 ? ` -s ${short.slice(1)}` : "";
      const choices = argChoices ? ` -x -a ${quote(argChoices.join(" "))}` : "";
      const takesFile = option.required && !argChoices ? " -r" : "";
      const where = condition(path.length === 2 && children.length === 0 ? groupNames : children);
      lines.push(
        `complete -c octavo${where} -l ${long.slice(2)}${letter}${choices}${takesFile} -d ${quote(description)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
