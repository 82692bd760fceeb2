// The simulator does what the engine does: the same trace on a real engine whose steps take, by a clock of the test, what the
// cost says. And the benchmark that measures both for real runs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStatsBuffer, loadCore, readStats } from "@octavo/engine/core";
import { modelPath } from "@octavo/model-pocket";
import { createWorkload, simulate, stepSeconds } from "@octavo/scheduler/simulator";
import { afterAll, describe, expect, test } from "vitest";
import { replayTrace } from "../../apps/bench/src/replay/replay-trace.js";

const folder = mkdtempSync(join(tmpdir(), "octavo-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of Pocket in bfloat16: keys and values of 8 layers, 2 heads of 64, 16 tokens. */
const BLOCK_BYTES = 2 * 8 * 2 * 64 * 16 * 2;
const COST = { base: 0.004, token: 2e-5, minTokens: 16, row: 1e-5, context: 2e-7, pair: 1e-8 };

describe.each([
  ["room for all", { maxNumSeqs: 16, maxNumBatchedTokens: 128, maxModelLen: 512 }, 512],
  ["preemptions, prompts in chunks", { maxNumSeqs: 8, maxNumBatchedTokens: 64, maxModelLen: 256 }, 40],
] as const)("%s", (_, limits, blocks) => {
  test("each latency of the engine is the simulator's", async () => {
    const requests = createWorkload({
      ...{ numPrompts: 120, requestRate: 40, burstiness: 0.7, inputLen: "uniform:1:80", outputLen: "uniform:1:60" },
      ...{ numPrefixes: 3, prefixLen: 40, tenants: [], priorities: [], seed: 5 },
    });
    const stats = new Float64Array(createStatsBuffer());
    const { core, info } = await loadCore(
      modelPath,
      { ...limits, device: "null", asyncScheduling: false, blockSize: 16, kvCacheMemoryBytes: blocks * BLOCK_BYTES },
      stats,
    );
    let now = 0;
    core.timeSteps((work) => {
      now += stepSeconds(COST, work);
    });
    const clock = { now: () => now, waitUntil: (seconds: number) => (now = Math.max(now, seconds)) };
    const { vocabSize, maxModelLen, blockSize, numBlocks } = info;
    const measured = replayTrace({ core, vocabSize, maxModelLen }, requests, 0, () => clock);
    core.dispose();
    const simulated = simulate(requests, {
      ...{ scheduler: limits, kvCache: { numBlocks, blockSize }, cost: COST, asyncScheduling: false },
    });
    const { numPreemptions, prefixCacheHits, prefixCacheQueries, steps } = readStats(stats);
    expect(simulated.completed).toBe(120);
    expect([simulated.steps, simulated.preemptions]).toEqual([steps, numPreemptions]);
    expect(numPreemptions > 0).toBe(blocks < 100);
    expect(simulated.prefixHitRate).toBe(prefixCacheHits / prefixCacheQueries);
    expect(simulated.prefixHitRate).toBeGreaterThan(0.2);
    for (const name of ["ttft", "itl", "tpot", "e2el"] as const) {
      const [found, expected] = [simulated[name], measured[name].distribution()];
      for (const key of ["count", "mean", "p50", "p90", "p99", "max"] as const) {
        expect(found[key], `${name} ${key}`).toBeCloseTo(expected[key], 9);
      }
    }
  });
});

test("apps/bench/dist/replay.js measures a trace and writes its steps", () => {
  const [trace, steps] = [join(folder, "trace.jsonl"), join(folder, "steps.jsonl")];
  const lines = [0, 0.05, 0.1].map((arrival) => JSON.stringify({ arrival, prompt_tokens: 20, output_tokens: 5 }));
  writeFileSync(trace, lines.join("\n"));
  const script = fileURLToPath(new URL("../../apps/bench/dist/replay.js", import.meta.url));
  const options = JSON.stringify({ maxNumSeqs: 2, maxModelLen: 128 });
  const args = [script, modelPath, trace, "--steps", steps, "--options", options];
  const output = execFileSync(process.execPath, args, { stdio: "pipe" });
  const result = JSON.parse(String(output));
  expect(result).toMatchObject({ completed: 3, inputTokens: 60, outputTokens: 15, ttft: { count: 3 } });
  expect(result.duration).toBeGreaterThan(0.1);
  const measured = readFileSync(steps, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const sum = (key: string) => measured.reduce((total, step) => total + step[key], 0);
  // Each request computes its prompt and all outputs but the last; a request has a row in 5 steps.
  expect([sum("tokens"), sum("rows")]).toEqual([3 * 24, 3 * 5]);
  for (const { seconds } of measured) expect(seconds).toBeGreaterThan(0);
});
