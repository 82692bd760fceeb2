// Collectives on real GPUs, one process a GPU: every call for every dtype against plain loops, order with the ops, errors,
// disposal, speed. Plain Node, for machines that have no test runner: node test/gpu/collectives.mjs [RANKS]
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findGpus, findLibraries } from "@octavo/kernels-cuda";
import { runRank } from "./collectives-rank.mjs";

const TIMEOUT_MS = 120_000;

/** Starts the ranks, passes unique ids on, and says PASS or FAIL once all have reported a check. */
async function runAll(worldSize) {
  const names = [];
  const reports = new Map();
  let failures = 0;
  const fail = (line) => {
    failures++;
    console.log(`FAIL ${line}`);
  };
  const ranks = Array.from({ length: worldSize }, (_, rank) =>
    fork(fileURLToPath(import.meta.url), ["rank", String(rank), String(worldSize)], { serialization: "advanced" }),
  );
  const timer = setTimeout(() => {
    const missing = ranks.flatMap((_, rank) => (names.every((name) => reports.get(name)?.has(rank)) ? [] : [rank]));
    fail(
      `no end after ${TIMEOUT_MS / 1000} s; last finished: ${names.at(-1) ?? "nothing"}, waiting for ranks ${missing}`,
    );
    for (const child of ranks) child.kill("SIGKILL");
  }, TIMEOUT_MS);
  const ends = ranks.map((child, rank) => {
    child.on("message", ({ uniqueId, line, check, failure }) => {
      if (uniqueId) for (const other of ranks) other.send({ uniqueId });
      if (line) console.log(line);
      if (!check) return;
      const report = reports.get(check) ?? new Map();
      reports.set(check, report.set(rank, failure));
      if (report.size < worldSize) return;
      names.push(check);
      const wrong = [...report].filter(([, text]) => text).map(([r, text]) => `rank ${r}: ${text}`);
      if (wrong.length > 0) fail(`${check}: ${wrong.join("; ")}`);
      else console.log(`PASS ${check}`);
    });
    return new Promise((resolve) => {
      child.on("exit", (code, signal) => {
        if (code !== 0) fail(`rank ${rank} ended with ${signal ?? code}`);
        // The others would wait for it for ever.
        if (code !== 0) for (const other of ranks) other.kill("SIGKILL");
        resolve();
      });
    });
  });
  await Promise.all(ends);
  clearTimeout(timer);
  for (const [name, report] of reports) if (report.size < worldSize) fail(`${name}: not reported by every rank`);
  console.log(`${names.length} checks on ${worldSize} ranks, ${failures} failed`);
  return failures + (names.length === 0 ? 1 : 0);
}

if (process.argv[2] === "rank") {
  await runRank(Number(process.argv[3]), Number(process.argv[4]));
} else {
  const { problem, gpus } = findGpus();
  for (const { name, found } of findLibraries()) console.log(`${name}: ${found}`);
  if (problem) {
    console.log(`FAIL no GPU: ${problem}`);
    process.exitCode = 1;
  } else {
    const worldSize = Number(process.argv[2] ?? gpus.length);
    console.log(`${worldSize} ranks on ${gpus.length} GPUs: ${gpus[0].name}`);
    process.exitCode = (await runAll(worldSize)) > 0 ? 1 : 0;
  }
}
