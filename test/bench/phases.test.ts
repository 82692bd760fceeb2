// The benchmark of phases runs, reports its keys and refuses what it cannot do.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { PythonRandom } from "../../apps/bench/src/phases/python-random.js";

const SCRIPT = fileURLToPath(new URL("../../apps/bench/dist/phases.js", import.meta.url));

async function phases(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const run = promisify(execFile)(process.execPath, [SCRIPT, ...args], { env: { ...process.env, ...env } });
  const { stdout, stderr, code = 0 } = await run.catch((error) => error as typeof error & { code: number });
  const results = String(stdout).matchAll(/^RESULT (.*)$/gm);
  return { results: Array.from(results, ([, json]) => JSON.parse(json!)), stderr: String(stderr), code };
}

test("random numbers are Python's", () => {
  // random.Random(seed): five of randint(100, 100000), then three of randint(100, 1024).
  for (const [seed, numbers] of [
    [0, [50594, 99446, 55225, 5406, 34036, 623, 597, 514]],
    [12, [62302, 35357, 86276, 69454, 87447, 458, 246, 490]],
  ] as const) {
    const random = new PythonRandom(seed);
    const found = [
      ...Array.from({ length: 5 }, () => random.randint(100, 100_000)),
      ...Array.from({ length: 3 }, () => random.randint(100, 1024)),
    ];
    expect(found).toEqual(numbers);
  }
  // Beyond one state of the generator.
  const random = new PythonRandom(7);
  const many = Array.from({ length: 2000 }, () => random.randint(100, 100_000));
  expect([many.reduce((a, b) => a + b), many.at(-1)]).toEqual([97083760, 20362]);
});

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
  [["q06", "bf16", "lat"], /Qwen3ForCausalLM.*supports LlamaForCausalLM/],
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
