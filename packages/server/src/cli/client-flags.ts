// The flags of commands that talk to a model: a running server's, or one that the command loads itself.
import type { EngineOptions } from "@octavo/engine";
import type { Command } from "commander";
import { addEngineFlags } from "./engine-flags.js";
import { decimal, nonEmpty, positive, serverUrl, wholeNumber } from "./flag-values.js";

export interface ClientFlags extends EngineOptions {
  readonly url?: string;
  readonly modelName?: string;
  readonly apiKey?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
  /** The file of flags, which is read by then. */
  readonly config?: string;
}

export function addClientFlags(command: Command): Command {
  command
    .optionsGroup("A running server:")
    .option("--url <url>", "its address; without this the command loads the model itself", serverUrl)
    .option("--model-name <name>", "which of its models (default: the first)", nonEmpty)
    .option("--api-key <key>", "its key (env: OCTAVO_API_KEY)", nonEmpty)
    .optionsGroup("Sampling:")
    .option("--max-tokens <tokens>", "tokens of an answer at most", positive)
    .option("--temperature <number>", "0: always the likeliest token (default: the model's, else 1)", decimal)
    .option("--top-p <number>", "only the likeliest tokens of this probability together", decimal)
    .option("--top-k <count>", "only so many of the likeliest tokens", wholeNumber)
    .option("--seed <number>", "the same seed gives the same answer", wholeNumber);
  return addEngineFlags(command);
}

/** A request's sampling fields, as HTTP spells them. */
export function samplingFields({ maxTokens, temperature, topP, topK, seed }: ClientFlags): Record<string, number> {
  const fields = { max_tokens: maxTokens, temperature, top_p: topP, top_k: topK, seed };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<
    string,
    number
  >;
}
