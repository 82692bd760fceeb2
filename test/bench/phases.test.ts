// The benchmark of phases runs, reports its keys and refuses what it cannot do.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../apps/bench/dist/phases.js", import.meta.url));

async function phases(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const run = promisify(execFile)(process.execPath, [SCRIPT, ...args], { env: { ...process.env, ...env } });
  const { stdout, stderr, code = 0 } = await run.catch((error) => error as typeof error & { code: number });
  const results = String(stdout).matchAll(/^RESULT (.*)$/gm);
  return { results: Array.from(results, ([, json]) => JSON.parse(json!)), stderr: String(stderr), code };
}

test("throughput of a small shape on the CPU", async () => {
  const { results, stderr, code } = await phases(["tiny", "fp32", "thr", "--device", "cpu"], { NREQ: "2", T0: "1" });
  expect(stderr).toMatch(/KV cache of \d+ tokens, 8192 tokens a step/);
  expect(results).toEqual([
    { shape: "tiny", mode: "fp32", start_to_first_token_s: expect.any(Number) },
    {
      ...{ shape: "tiny", mode: "fp32", phase: "throughput_1000_1000", requests: 2 },
      ...{ s: expect.any(Number), out_tok_s: expect.any(Number) },
    },
  ]);
  expect(results[0].start_to_first_token_s).toBeGreaterThan(1e9);
  expect(code).toBe(0);
});

test.each([
  [["8b", "fp8", "lat,sleep"], /no dtype "fp8" \(Octavo has no FP8 yet\), no phase "sleep"\nusage/],
  [["70b", "bf16", "thr"], /no shape "70b"/],
] as const)("%j is refused", async (args, message) => {
  const { results, stderr, code } = await phases([...args, "--device", "cpu"]);
  expect([results, code]).toEqual([[], 1]);
  expect(stderr).toMatch(message);
});

test("engine options come from the environment", async () => {
  const { stderr, code } = await phases(["tiny", "fp32", "thr"], { OCTAVO_BENCH_OPTIONS: '{"maxNumSeq": 4}' });
  expect(stderr).toMatch(/unknown engine option "maxNumSeq"/);
  expect(code).toBe(1);
});
