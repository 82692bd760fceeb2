// The tokenizer of an engine, or none: then prompts are token ids only and outputs have no text.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isGguf, OctavoError } from "@octavo/core";
import { hasTokenizerFile, TOKENIZER_FILES, Tokenizer } from "@octavo/tokenizer";
import type { EngineOptions } from "./engine-options.js";

/**
 * Null with `skipTokenizerInit`, and for dummy weights in a folder without a tokenizer, which is said on stderr.
 * @throws CHECKPOINT that names the file, or what to do without one
 */
export async function loadTokenizer(folder: string, options: EngineOptions): Promise<Tokenizer | null> {
  if (options.skipTokenizerInit) return null;
  if (isGguf(folder) || hasTokenizerFile(folder)) return Tokenizer.load(folder);
  if (options.loadFormat !== "dummy" || !existsSync(join(folder, "config.json"))) throw lacksTokenizer(folder);
  process.stderr.write(
    `octavo: ${folder} has no tokenizer: prompts must be token ids, and outputs have no text (--skip-tokenizer-init)\n`,
  );
  return null;
}

/** Of a folder that has none of the files, or is none. */
export function lacksTokenizer(folder: string): OctavoError {
  const found = existsSync(folder) ? `has no tokenizer (${TOKENIZER_FILES.join(", ")})` : "does not exist";
  const message =
    `${folder} ${found}: download its files, name a folder or model that has them ` +
    "with --tokenizer (tokenizer), or take prompts as token ids alone with --skip-tokenizer-init (skipTokenizerInit)";
  return new OctavoError({ code: "CHECKPOINT", message, param: folder });
}

/** What a request gets that needs text of an engine without a tokenizer. */
export function noTokenizer(): OctavoError {
  const message =
    "this engine runs without a tokenizer (skip_tokenizer_init, or dummy weights without a tokenizer): " +
    "give prompts as token ids; text, chat and stop strings need one";
  return new OctavoError({ code: "INVALID_ARGUMENT", message });
}

/** In place of a detokenizer: tokens without text. */
export const NO_TEXT = { stopped: null, push: () => "", finish: () => "" } as const;
