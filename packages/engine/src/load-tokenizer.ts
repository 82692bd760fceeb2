// The tokenizer of an engine, or none: then prompts are token ids only and outputs have no text.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { Tokenizer } from "@octavo/tokenizer";
import type { EngineOptions } from "./engine-options.js";

/**
 * Null with `skipTokenizerInit`, and for dummy weights in a folder without tokenizer.json, which is said on stderr.
 * @throws CHECKPOINT that names the file
 */
export async function loadTokenizer(folder: string, options: EngineOptions): Promise<Tokenizer | null> {
  if (options.skipTokenizerInit) return null;
  const isBareDummy = options.loadFormat === "dummy" && existsSync(join(folder, "config.json"));
  if (!isBareDummy || existsSync(join(folder, "tokenizer.json"))) return Tokenizer.load(folder);
  process.stderr.write(
    `octavo: ${folder} has no tokenizer.json: prompts must be token ids, and outputs have no text (--skip-tokenizer-init)\n`,
  );
  return null;
}

/** What a request gets that needs text of an engine without a tokenizer. */
export function noTokenizer(): OctavoError {
  const message =
    "this engine runs without a tokenizer (skip_tokenizer_init, or dummy weights without a tokenizer.json): " +
    "give prompts as token ids; text, chat and stop strings need one";
  return new OctavoError({ code: "INVALID_ARGUMENT", message });
}

/** In place of a detokenizer: tokens without text. */
export const NO_TEXT = { stopped: null, push: () => "", finish: () => "" } as const;
