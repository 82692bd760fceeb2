// The comparison of engines runs, here of Octavo with itself, reports its figures and refuses what it cannot do.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { modelPath } from "@octavo/model-pocket";
import { expect, test } from "vitest";
import { readPeer } from "../../apps/bench/src/peers/peers.js";
import { ratio, table } from "../../apps/bench/src/peers/report.js";

const SCRIPT = fileURLToPath(new URL("../../apps/bench/dist/peers.js", import.meta.url));
const QUICK = ["--rounds", "2", "--batch", "1,3", "--decode-tokens", "8", "--prefill", "40", "--most-others", "100"];

async function peers(...args: string[]) {
  const run = promisify(execFile)(process.execPath, [SCRIPT, ...args], {
    env: { ...process.env, HOME: "/nonexistent" },
  });
  const { stdout, stderr, code = 0 } = await run.catch((error) => error as typeof error & { code: number });
  return { stdout: String(stdout), stderr: String(stderr), code };
}

test("Octavo beside itself", async () => {
  const sides = ["octavo", "octavo:dtype=float32,numThreads=1"];
  const { stdout, stderr, code } = await peers(modelPath, ...QUICK, "--json", "--peer", sides[0]!, "--peer", sides[1]!);
  expect(code, stderr).toBe(0);
  const { about, measured } = JSON.parse(stdout);
  expect(about).toEqual([
    expect.stringMatching(/2 threads\), bfloat16$/),
    expect.stringMatching(/1 threads?\), float32$/),
  ]);
  const figures = ["decode, batch 1", "decode, batch 3", "prefill of 40"];
  expect(measured.map(({ figure, peer }: { figure: string; peer: string }) => [figure, peer])).toEqual(
    figures.flatMap((figure) => sides.map((side) => [figure, side])),
  );
  for (const { rates, cpuRates, othersShares, computeRates } of measured) {
    expect([rates, cpuRates, othersShares, computeRates].map((list) => list.length)).toEqual([2, 2, 2, 0]);
  }
});

test.each([
  [[], /0 models were given, not 1\nusage/],
  [[modelPath, "--peer", "vllm"], /no peer "vllm"; there are octavo, node-llama-cpp/],
  [[modelPath, "--peer", "octavo:fast"], /"fast" is no setting/],
  [[modelPath, "--rounds", "0"], /--rounds 0: "0" is no whole number above 0/],
  [[modelPath, ...QUICK, "--peer", "octavo:maxNumSeq=4"], /unknown engine option "maxNumSeq"/],
] as const)("%j is refused", async (args, message) => {
  const { stderr, code } = await peers(...args);
  expect(stderr).toMatch(message);
  expect(code).toBe(1);
});

test("settings are numbers, truth values or words", () => {
  expect(readPeer("octavo:numThreads=2,enforceEager=true,dtype=float32").settings).toEqual({
    ...{ numThreads: 2, enforceEager: true, dtype: "float32" },
  });
  expect(readPeer("node-llama-cpp").settings).toEqual({});
});

test("ratios are of rounds, so that a slow minute drops out", () => {
  expect(ratio([100, 10, 120], [50, 5, 40])).toBe(2);
  const row = { figure: "decode", othersShares: [0, 0.031, 0] };
  const measured = [
    { ...row, peer: "a", rates: [100, 10, 1200], cpuRates: [30, 3, 3], computeRates: [] },
    { ...row, peer: "b", rates: [50, 5, 400], cpuRates: [20, 1, 2], computeRates: [60, 6, 410] },
  ];
  expect(table(measured, "b").split("\n").slice(2)).toEqual([
    "| decode | a | 10 | 100 | 1,200 | 3 % |  | 3 | 2.00 (1.50) |",
    "| decode | b | 5 | 50 | 400 | 3 % | 60 | 2 |  |",
  ]);
});
