// The flags of speculative decoding: vLLM's JSON, and its shorthands for the usual keys.
import { SPECULATIVE_METHODS, speculativeConfigOf } from "@octavo/engine";
import { type Command, Option } from "commander";
import { jsonOf, nonEmpty, positive } from "./flag-values.js";

/** Shorthands by the keys that they stand for. */
const SHORTHANDS = { specMethod: "method", specModel: "model", specTokens: "numSpeculativeTokens" } as const;

/** Adds them; after {@link mergeSpecFlags} the command's action sees all of it as `speculativeConfig`. */
export function addSpecFlags(command: Command): Command {
  return command
    .optionsGroup("Speculative decoding (same tokens, often faster):")
    .option(
      "--speculative-config <json>",
      `such as '{"method": "ngram", "num_speculative_tokens": 8}'; keys as in vLLM (also -sc)`,
      jsonOf(speculativeConfigOf),
    )
    .addOption(
      new Option("--spec-method <method>", "its method; self: the model's own first layers").choices(
        SPECULATIVE_METHODS,
      ),
    )
    .option("--spec-model <model>", "its model: a smaller one of the same vocabulary that drafts", nonEmpty)
    .option("--spec-tokens <tokens>", "its num_speculative_tokens: drafts of a request in a step at most", positive);
}

/**
 * Puts the shorthands, typed or from a file, into `speculativeConfig`, where they go before its keys.
 * @param warn told of a key that this changes
 */
export function mergeSpecFlags(command: Command, warn: (text: string) => void = emitWarning): void {
  const flags = command.opts();
  for (const [shorthand, key] of Object.entries(SHORTHANDS)) {
    const value = flags[shorthand];
    delete flags[shorthand]; // or the engine would see an option that it does not have
    if (value === undefined) continue;
    const given = flags.speculativeConfig?.[key];
    if (given !== undefined && given !== value) {
      const flag = shorthand.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      warn(`--${flag} ${value} goes before the ${given} in --speculative-config; give one of the two`);
    }
    flags.speculativeConfig = { ...flags.speculativeConfig, [key]: value };
  }
}

function emitWarning(text: string): void {
  process.emitWarning(text, { type: "OctavoWarning", code: "OCTAVO_FLAGS" });
}
