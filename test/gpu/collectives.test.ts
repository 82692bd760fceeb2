// Collectives between GPUs: a process a GPU, as the script beside this file starts them.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findGpus } from "@octavo/kernels-cuda";
import { expect, test } from "vitest";
import { skipReason } from "./gpu.js";

const gpus = skipReason ? 0 : findGpus().gpus.length;
if (!skipReason && gpus < 2) console.warn(`collectives are not tested: they need two GPUs, there is ${gpus}`);

test.skipIf(gpus < 2)("every collective gives what plain loops give", () => {
  const script = fileURLToPath(new URL("collectives.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  console.log(stdout);
  expect(stdout.match(/^FAIL.*$/gm) ?? [], stderr).toEqual([]);
  expect(status, stderr).toBe(0);
});
