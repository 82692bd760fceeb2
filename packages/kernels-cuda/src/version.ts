// The version of this package, for reports.
import { readFileSync } from "node:fs";

/** Read from package.json; its place is the same from src/ and from dist/. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
