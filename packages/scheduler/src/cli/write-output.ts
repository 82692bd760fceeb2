// Files that the command writes.
import { accessSync, constants, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { OctavoError } from "@octavo/core";
import { InvalidArgumentError } from "commander";

/** For flags: the folder must be there, so that no long run ends with nothing. */
export function writableFile(path: string): string {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch {
    throw new InvalidArgumentError(`There is no folder ${dirname(path)} that can be written to.`);
  }
  return path;
}

/** @throws INVALID_ARGUMENT that names the file */
export function writeOutput(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    const message = `${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, cause });
  }
}
