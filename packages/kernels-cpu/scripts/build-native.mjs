// Builds the addon into build/Release with cmake-js. Says first, in one message, which tools are missing and how to get them.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingToolchain } from "./toolchain.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** A configure that failed leaves a cache without a build file, after which cmake-js would fail for ever. */
function removeFailedConfigure() {
  const build = join(ROOT, "build");
  const configured = ["build.ninja", "Makefile"].some((file) => existsSync(join(build, file)));
  if (existsSync(join(build, "CMakeCache.txt")) && !configured) rmSync(build, { recursive: true });
}

/** Builds the addon. @returns the exit status */
export function buildNative() {
  const missing = missingToolchain();
  if (missing) {
    console.error(`@octavo/kernels-cpu: ${missing}`);
    return 1;
  }
  removeFailedConfigure();
  const cmakeJs = createRequire(import.meta.url).resolve("cmake-js/bin/cmake-js");
  const args = [cmakeJs, "build", "--config", "Release", "--parallel", String(availableParallelism())];
  const started = Date.now();
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  if (status === 0) {
    console.error(`@octavo/kernels-cpu: native addon built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  } else {
    console.error("@octavo/kernels-cpu: the native addon did not build; the compiler's messages are above.");
  }
  return status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = buildNative();
