// English text: the Markdown files of node_modules, each once, or a file.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** @param {number} bytes at most @param {string} [file] instead of the files that are there */
export function englishText(bytes, file) {
  if (file) return readFileSync(file).subarray(0, bytes).toString("utf8");
  const names = readdirSync(MODULES, { recursive: true }).filter((name) => name.endsWith(".md"));
  const texts = new Set(names.sort().map((name) => readFileSync(`${MODULES}/${name}`, "utf8")));
  return Buffer.from([...texts].join("\n"))
    .subarray(0, bytes)
    .toString("utf8");
}
