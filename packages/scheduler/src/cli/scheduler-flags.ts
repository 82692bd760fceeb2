// A flag for every field of the scheduler's configuration that matters without a model: `maxNumSeqs` is `--max-num-seqs`.
import { type Command, InvalidArgumentError, Option } from "commander";
import { SCHEDULING_POLICIES } from "../policy/index.js";
import { resolveConfig, type SchedulerConfig } from "../scheduler-config.js";

/** The engine's defaults, which a built-in cost may replace. */
export const SCHEDULER_DEFAULTS: SchedulerConfig = { maxNumSeqs: 256, maxNumBatchedTokens: 2048, maxModelLen: 131072 };

/** Not for the command line: the clock is virtual, and no request edits logits. */
type Field = Exclude<keyof SchedulerConfig, "now" | "vocabSize">;

const FLAGS: Readonly<Record<Field, readonly [value: string, text: string]>> = {
  maxNumSeqs: ["requests", "requests that run at once, in each engine"],
  maxNumBatchedTokens: ["tokens", "tokens a step computes at most"],
  maxModelLen: ["tokens", "prompt and output together (default: the cost's)"],
  maxNumQueuedReqs: ["requests", "unfinished requests of an engine; more are refused"],
  schedulingPolicy: ["policy", "who is served first"],
  longPrefillTokenThreshold: ["tokens", "a prompt's tokens a step; longer prompts are long ones; 0: no bound"],
  maxNumPartialPrefills: ["requests", "prompts that are computed in parts at once"],
  maxLongPartialPrefills: ["requests", "long ones of these"],
  enableChunkedPrefill: ["", "compute every prompt in one step"],
  maxInterTokenLatencyMs: ["ms", "how long a prompt may delay the others' tokens; 0: no bound"],
  decodeBuckets: ["rows", "row counts to which decode steps are padded, joined by commas"],
};

const DEFAULTS: Readonly<Record<Field, unknown>> = resolveConfig(SCHEDULER_DEFAULTS);
const FIELDS = Object.keys(FLAGS) as Field[];

export function addSchedulerFlags(command: Command): Command {
  command.optionsGroup("Scheduler of each engine:");
  for (const field of FIELDS) {
    const [value, text] = FLAGS[field];
    const like = DEFAULTS[field];
    if (like === true) {
      command.option(flagOf(field).replace("--", "--no-"), text);
      continue;
    }
    const note = text.includes("(default:") ? text : `${text} (default: ${inWords(like)})`;
    const option = new Option(`${flagOf(field)} <${value}>`, note);
    if (field === "schedulingPolicy") option.choices(SCHEDULING_POLICIES);
    else option.argParser((given) => (Array.isArray(like) ? given.split(",").map(toNumber) : toNumber(given)));
    command.addOption(option);
  }
  return command;
}

/** The fields that were given as flags. Their values are checked by the scheduler. */
export function schedulerFlags(flags: Readonly<Record<string, unknown>>): Partial<SchedulerConfig> {
  return Object.fromEntries(FIELDS.filter((field) => field in flags).map((field) => [field, flags[field]]));
}

/** A message in which the scheduler's fields, in TypeScript's or HTTP's words, have the names of their flags. */
export function withFlagNames(message: string): string {
  return message.replace(/\b[a-z]+(?:[A-Z][a-z]+)+\b|\b[a-z]+(?:_[a-z]+)+\b/g, (word) => {
    const field = word.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return Object.hasOwn(FLAGS, field) ? flagOf(field) : word;
  });
}

function flagOf(field: string): string {
  return `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return "none";
  return value === Number.POSITIVE_INFINITY ? "no limit" : String(value);
}

function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}
