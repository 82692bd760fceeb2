// What the plain Node scripts of this folder share: skipping aloud without a GPU, and PASS or FAIL lines.
import { execFileSync } from "node:child_process";
import { findGpus, isBuilt } from "@octavo/kernels-cuda";

/** Ends the process, saying why, where there is no GPU to test on. */
export function skipWithoutGpu() {
  const reason = isBuilt() ? findGpus().problem : "the CUDA addon is not built (npm run build:cuda)";
  if (!reason) return;
  console.log(`SKIP ${reason}`);
  process.exit(0);
}

/** Prints one line; the process exits with 1 if any check failed. */
export function check(passed, what) {
  console.log(`${passed ? "PASS" : "FAIL"} ${what}`);
  if (!passed) process.exitCode = 1;
}

/** MiB in use on the first GPU, by everybody. */
export function usedMebibytes() {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"];
  return Number(execFileSync("nvidia-smi", query, { encoding: "utf8" }));
}
