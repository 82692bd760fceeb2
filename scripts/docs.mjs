// `npm run docs`: writes what is generated below docs/ (docs/api, docs/ops.md). With --check it writes nothing and fails where
// a file is not what would be written. The packages must be built.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiPages, readApi } from "./docs/api.mjs";
import { markdownFiles } from "./docs/markdown-files.mjs";
import { opsPage } from "./docs/ops.mjs";

const docs = fileURLToPath(new URL("../docs", import.meta.url));
const check = process.argv.includes("--check");

const { app, project } = await readApi();
const wanted = new Map([...(await apiPages(app, project)), ["ops.md", opsPage(project)]]);
const stale = [];

for (const [name, text] of wanted) {
  const path = join(docs, name);
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  stale.push(name);
  if (check) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
for (const name of markdownFiles(join(docs, "api")).map((file) => join("api", file))) {
  if (wanted.has(name)) continue;
  stale.push(name);
  if (!check) rmSync(join(docs, name));
}

if (check && stale.length > 0) {
  console.error(`docs: not what the sources say: ${stale.join(", ")}. Run "npm run docs" and commit what it writes.`);
  process.exit(1);
}
console.log(stale.length === 0 ? "docs: as the sources say" : `docs: wrote ${stale.join(", ")}`);
