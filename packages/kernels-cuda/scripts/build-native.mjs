// Builds the addon into build/Release with cmake-js. Only on request (npm run build:cuda): it needs nvcc and takes minutes.
// OCTAVO_CUDA_ARCHITECTURES, such as "90a" or "80;90a", limits what it is built for. Says first which tools are missing.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUILD = join(ROOT, "build");
const MINIMUM_CUDA = 13;

function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout : "";
}

/** The first nvcc that runs, of the places where toolkits are found. */
function findNvcc() {
  const roots = [process.env.CUDA_HOME, process.env.CUDA_PATH, "/usr/local/cuda", `/usr/local/cuda-${MINIMUM_CUDA}.0`];
  const candidates = [process.env.CUDACXX, ...roots.filter(Boolean).map((root) => join(root, "bin/nvcc")), "nvcc"];
  for (const path of candidates.filter(Boolean)) {
    const version = /release (\d+)\.(\d+)/.exec(output(path, ["--version"]));
    if (version) return { path, major: Number(version[1]), text: `${version[1]}.${version[2]}` };
  }
  return null;
}

/** What keeps the addon from being built, in words; empty when nothing does. */
function missingTools(nvcc) {
  const missing = [];
  if (!nvcc) missing.push("nvcc (the CUDA toolkit 13 or later; set CUDA_HOME when it is not in /usr/local/cuda)");
  else if (nvcc.major < MINIMUM_CUDA) missing.push(`the CUDA toolkit ${MINIMUM_CUDA} or later (found ${nvcc.text})`);
  if (output("cmake", ["--version"]) === "") missing.push("cmake 3.20 or later");
  if (!["ninja", "make"].some((tool) => output(tool, ["--version"]) !== "")) missing.push("make or ninja");
  return missing;
}

/** A configure that failed leaves a cache without a build file, after which cmake-js would fail for ever. */
function removeFailedConfigure() {
  const configured = ["build.ninja", "Makefile"].some((file) => existsSync(join(BUILD, file)));
  if (existsSync(join(BUILD, "CMakeCache.txt")) && !configured) rmSync(BUILD, { recursive: true });
}

/** @returns the exit status */
function buildNative() {
  const nvcc = findNvcc();
  const missing = missingTools(nvcc);
  if (missing.length > 0) {
    console.error(`@octavo/kernels-cuda: the CUDA addon cannot be built, this machine lacks ${missing.join(" and ")}.`);
    return 1;
  }
  removeFailedConfigure();
  const cmakeJs = createRequire(import.meta.url).resolve("cmake-js/bin/cmake-js");
  const architectures = process.env.OCTAVO_CUDA_ARCHITECTURES;
  const options = architectures ? [`--CDOCTAVO_CUDA_ARCHITECTURES=${architectures}`] : [];
  // `build` alone would not see other architectures than those of the first time.
  const command = architectures && existsSync(join(BUILD, "CMakeCache.txt")) ? "reconfigure" : "configure";
  const env = { ...process.env, CUDACXX: nvcc.path };
  const started = Date.now();
  for (const step of [
    [command, ...options],
    ["build", "--parallel", "2"],
  ]) {
    const args = [cmakeJs, ...step, "--config", "Release"];
    const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit", env });
    if (status === 0) continue;
    console.error("@octavo/kernels-cuda: the CUDA addon did not build; the compiler's messages are above.");
    return status ?? 1;
  }
  console.error(`@octavo/kernels-cuda: CUDA addon built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return 0;
}

process.exitCode = buildNative();
