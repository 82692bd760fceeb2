// `npm test`: makes the clone ready, then runs every check and test. `npm test -- PATH` runs the tests under PATH only.
import { join } from "node:path";
import { bootstrap, root, run, step } from "./bootstrap.mjs";

const filters = process.argv.slice(2);
const bin = (path) => join(root, "node_modules", path);

bootstrap();
if (filters.length === 0) {
  step("Lint and format");
  run(process.execPath, [bin("@biomejs/biome/bin/biome"), "check", "."]);
  step("Dependency direction");
  run(process.execPath, [
    bin("dependency-cruiser/bin/dependency-cruise.mjs"),
    "packages",
    "apps",
    "--output-type",
    "err",
  ]);
  step("Package contents");
  run(process.execPath, [join(root, "scripts/check-packages.mjs")]);
  step("Generated pages of docs");
  run(process.execPath, [join(root, "scripts/docs.mjs"), "--check"]);
  step("Types");
  run(process.execPath, [bin("ts7/bin/tsc"), "-p", "tsconfig.json"]);
  run(process.execPath, [bin("ts7/bin/tsc"), "-p", "apps/playground"]); // The browser's types, not Node's.
}
step("Tests");
run(process.execPath, [bin("vitest/vitest.mjs"), "run", ...filters]);
