// Makes a fresh clone ready: checks Node, installs packages and builds what is missing. Plain Node, no dependencies.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingToolchain } from "../packages/kernels-cpu/scripts/toolchain.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));

const MINIMUM_NODE = [20, 19];
const ADDON = "packages/kernels-cpu/build/Release/octavo_cpu.node";

/** Installs and builds; exits with a message for people when something is missing. */
export function bootstrap() {
  checkNode();
  const missing = existsSync(join(root, ADDON)) ? null : missingToolchain();
  if (missing) fail(missing);
  if (!installed()) {
    step("Installing packages (npm ci)");
    run("npm", ["ci", "--no-audit", "--no-fund"], { OCTAVO_SKIP_NATIVE: "1" });
  }
  step("Building packages and CPU kernels (unchanged ones are taken from the cache)");
  run(
    process.execPath,
    [join(root, "node_modules/turbo/bin/turbo"), "run", "build", "build:native", "--output-logs=hash-only"],
    {
      TURBO_TELEMETRY_DISABLED: "1",
    },
  );
}

/** Runs a command in the repository's root; exits with its status when it fails. */
export function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (result.error) fail(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

export function step(text) {
  console.error(`\n[octavo] ${text}`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  fail(
    `Octavo needs Node.js ${MINIMUM_NODE.join(".")} or later, this is ${process.versions.node}. Install a newer one, for example with "nvm install 22".`,
  );
}

function installed() {
  const marker = join(root, "node_modules/.package-lock.json");
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

function fail(message) {
  console.error(`\n[octavo] ${message}\n`);
  process.exit(1);
}
