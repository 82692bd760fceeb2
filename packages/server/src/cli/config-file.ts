// `--config FILE`: flags from a YAML file, under their names, checked as if they were typed.
import { readFileSync } from "node:fs";
import { OctavoError } from "@octavo/core";
import { type Command, InvalidArgumentError, type Option } from "commander";
import { parse } from "yaml";

/**
 * Sets the flags that the command line and the environment leave open. A key may be written as the flag (`max-model-len`) or with
 * underscores; `model` stands for the argument MODEL.
 * @throws INVALID_ARGUMENT that names file and key
 */
export function applyConfigFile(command: Command, path: string): void {
  const fail = (message: string, cause?: unknown): never => {
    throw new OctavoError({ code: "INVALID_ARGUMENT", message: `${path}: ${message}`, param: "config", cause });
  };
  for (const [key, value] of Object.entries(readMapping(path, fail))) {
    const name = key.replaceAll("_", "-");
    const option = command.options.find(({ long }) => long === `--${name}`);
    if (name === "config") fail("config cannot be set in the file itself");
    if (option !== undefined) setOption(command, option, value, (message) => fail(`${key}: ${message}`));
    else if (name === "model" && command.registeredArguments[0]?.name() === "MODEL") setModel(command, value, fail);
    else fail(`octavo ${command.name()} has no flag --${name}; octavo ${command.name()} --help lists them`);
  }
}

function readMapping(path: string, fail: (message: string, cause?: unknown) => never): Record<string, unknown> {
  let parsed: unknown;
  try {
    // No aliases: a small file could otherwise grow to gigabytes.
    parsed = parse(readFileSync(path, "utf8"), keepDigits, { maxAliasCount: 0, intAsBigInt: true });
  } catch (cause) {
    fail((cause as Error).message, cause);
  }
  if (parsed === null || parsed === undefined) return {};
  if (typeof parsed === "object" && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  return fail("flags and their values are expected, such as `port: 8001`, one a line");
}

/** Whole numbers that a number cannot hold, such as seeds of 64 bits, stay the text that they are on a command line. */
function keepDigits(_key: unknown, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

function setOption(command: Command, option: Option, value: unknown, fail: (message: string) => never): void {
  const name = option.attributeName();
  const source = command.getOptionValueSource(name);
  if (source === "cli" || source === "env") return;
  if (option.isBoolean() || option.negate) {
    if (typeof value !== "boolean") fail(`true or false is expected, got ${JSON.stringify(value)}`);
    // False is as if it was not there, unless the flag has an opposite.
    const hasOpposite = command.options.some(({ long }) => long === option.long?.replace("--", "--no-"));
    if (value || hasOpposite) command.setOptionValueWithSource(name, value !== option.negate, "config");
    return;
  }
  const values = Array.isArray(value) ? value : [value];
  let result: unknown;
  for (const element of values) {
    const text = textOf(element, option);
    if (text === undefined) fail(`a text or a number is expected, got ${JSON.stringify(element)}`);
    try {
      result = option.parseArg ? option.parseArg(text, result) : text;
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      fail(`${JSON.stringify(element)} is not allowed. ${error.message}`);
    }
  }
  if (Array.isArray(value) && !Array.isArray(result)) fail("one value is expected, got a list");
  if (values.length > 0) command.setOptionValueWithSource(name, result, "config");
}

/** As it would stand on the command line. A flag of JSON may be a mapping of YAML, as in vLLM. */
function textOf(value: unknown, option: Option): string | undefined {
  if (typeof value === "string" || typeof value === "number") return String(value);
  const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMapping && option.flags.endsWith("<json>") ? JSON.stringify(value) : undefined;
}

function setModel(command: Command, value: unknown, fail: (message: string) => never): void {
  if (typeof value !== "string" || value === "") fail(`model: a folder is expected, got ${JSON.stringify(value)}`);
  command.processedArgs[0] ??= value;
}
