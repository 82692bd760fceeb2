// The Markdown files below a folder, as paths relative to it.
import { existsSync, readdirSync } from "node:fs";

/** @returns sorted; none where there is no such folder */
export function markdownFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".md"))
    .sort();
}
