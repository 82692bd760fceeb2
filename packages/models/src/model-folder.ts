// The first look at what was given as MODEL: errors of the files inside would only be consequences.
import { existsSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";

const EXPECTED =
  "MODEL must be a local folder in Hugging Face layout (config.json, tokenizer.json, safetensors), a GGUF file, or the name of a model on a hub such as org/name";

/** @throws CHECKPOINT unless `folder` is a folder; INVALID_ARGUMENT when it is empty */
export function checkModelFolder(folder: string): void {
  if (folder === "") throw new OctavoError({ code: "INVALID_ARGUMENT", message: `no model is named: ${EXPECTED}` });
  let found: Stats | undefined;
  try {
    found = statSync(folder, { throwIfNoEntry: false });
  } catch (cause) {
    throw notAFolder(folder, `cannot be read (${(cause as Error).message})`);
  }
  if (found === undefined) throw notAFolder(folder, "does not exist");
  if (!found.isDirectory()) throw notAFolder(folder, "is neither a folder nor a GGUF file");
  if (existsSync(join(folder, "config.json"))) return;
  const gguf = readdirSync(folder).find((name) => /\.gguf$/i.test(name));
  if (gguf !== undefined)
    throw notAFolder(folder, `has no config.json, but ${gguf}: name that file, ${join(folder, gguf)}`);
}

function notAFolder(folder: string, found: string): OctavoError {
  return new OctavoError({ code: "CHECKPOINT", message: `${folder} ${found}: ${EXPECTED}`, param: folder });
}
