// Real models that are too large for the repository.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = process.env.OCTAVO_TEST_MODELS ?? fileURLToPath(new URL("../../../shared/models", import.meta.url));

/** The file's path, or null where it is not there, which is said on stderr: nothing is proved then. */
export function testModel(path: string): string | null {
  const file = join(FOLDER, path);
  if (existsSync(file)) return file;
  process.stderr.write(`SKIPPED: ${file} is not there; OCTAVO_TEST_MODELS names the folder of test models\n`);
  return null;
}
