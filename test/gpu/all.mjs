// Runs everything of README.md, or the named parts, one after the other: node test/gpu/all.mjs [PART...]
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findGpus } from "@octavo/kernels-cuda";
import { skipWithoutGpu } from "./script.mjs";

skipWithoutGpu();
const root = fileURLToPath(new URL("../..", import.meta.url));
const vitest = `${root}node_modules/vitest/vitest.mjs`;
const verify = ["packages/kernels-cuda/dist/cli.js", "verify"];
const smoke = ["test/gpu/smoke.mjs", "short"];

const node = (...args) => ({ command: process.execPath, args });
/** Only kernels of our own: cuBLASLt's are not ours to check, and copies of what it never wrote look like mistakes. */
const own = { OCTAVO_CUDA_GEMM: "own" };
const sanitized = (tool, args, env) => ({
  command: "compute-sanitizer",
  args: ["--tool", tool, "--error-exitcode", "9", "--print-limit", "20", process.execPath, ...args],
  env,
});

const parts = {
  vitest: node(vitest, "run", "--config", "vitest.gpu.config.ts"),
  smoke: node("test/gpu/smoke.mjs"),
  dummy: node("test/gpu/dummy.mjs"),
  attention: node("test/gpu/attention.mjs"),
  upload: node("test/gpu/upload.mjs"),
  profile: node("test/gpu/profile.mjs"),
  neighbours: node("test/gpu/neighbours.mjs"),
  soak: node("test/gpu/soak.mjs"),
  collectives: node("test/gpu/collectives.mjs"),
  "memcheck-ops": sanitized("memcheck", verify),
  "memcheck-engine": sanitized("memcheck", smoke),
  "racecheck-ops": sanitized("racecheck", verify, own),
  "racecheck-engine": sanitized("racecheck", smoke, own),
  "initcheck-ops": sanitized("initcheck", verify, own),
  "initcheck-engine": sanitized("initcheck", smoke, own),
};

/** Why a part cannot run here; empty when it can. */
function obstacle(name) {
  if (name === "vitest" && !existsSync(vitest)) return "vitest is not installed here";
  if (name === "collectives" && findGpus().gpus.length < 2) return "one GPU only";
  return "";
}

function run(name) {
  const reason = obstacle(name);
  if (reason) return `SKIP ${name}: ${reason}`;
  console.log(`== ${name}`);
  const { command, args, env } = parts[name];
  const started = performance.now();
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  if (status !== 0) process.exitCode = 1;
  return `${status === 0 ? "PASS" : "FAIL"} ${name}: ${seconds} s${error ? `, ${error.message}` : ""}${signal ? `, ${signal}` : ""}`;
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
const unknown = names.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}
const lines = names.map(run);
console.log(["== summary", ...lines].join("\n"));
