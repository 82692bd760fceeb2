// A flag for every field of the scheduler's configuration, whatever fields it has: `maxNumSeqs` is `--max-num-seqs`.
import { type Command, InvalidArgumentError, Option } from "commander";
import { resolveConfig, type SchedulerConfig } from "../scheduler-config.js";

/** The engine's defaults, which a built-in cost may replace. */
export const SCHEDULER_DEFAULTS: SchedulerConfig = { maxNumSeqs: 256, maxNumBatchedTokens: 2048, maxModelLen: 131072 };

/** Every field with its default, but for functions, which are not for the command line. */
const FIELDS: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(resolveConfig(SCHEDULER_DEFAULTS)).filter(([, value]) => typeof value !== "function"),
);

export function addSchedulerFlags(command: Command): Command {
  command.optionsGroup("Scheduler (the fields of SchedulerConfig):");
  for (const [field, value] of Object.entries(FIELDS)) {
    const flag = field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (typeof value === "boolean") command.option(`--${flag}`).option(`--no-${flag}`);
    else command.addOption(new Option(`--${flag} <value>`, describe(value)).argParser((text) => parse(text, value)));
  }
  return command;
}

/** The fields that were given as flags. Their values are checked by the scheduler. */
export function schedulerFlags(flags: Readonly<Record<string, unknown>>): Partial<SchedulerConfig> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => name in FIELDS));
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "joined by commas (default: none)";
  return value === undefined ? "" : `default: ${value === Number.POSITIVE_INFINITY ? "no limit" : value}`;
}

/** Of the type that the default has. */
function parse(text: string, like: unknown): unknown {
  if (Array.isArray(like)) return text.split(",").map(toNumber);
  if (typeof like === "string") return text;
  return like === undefined && !Number.isFinite(Number(text)) ? text : toNumber(text);
}

function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}
