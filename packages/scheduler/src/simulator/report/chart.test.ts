import { expect, test } from "vitest";
import { simulate } from "../simulate.js";
import { createWorkload } from "../workload/workload.js";
import { chart } from "./chart.js";
import { formatResult } from "./table.js";

const result = simulate(
  createWorkload({
    ...{ numPrompts: 60, requestRate: 5, burstiness: 1, inputLen: "uniform:4:40", outputLen: "8" },
    ...{ numPrefixes: 0, prefixLen: 0, tenants: [1, 1], priorities: [], seed: 0 },
  }),
  {
    scheduler: { maxNumSeqs: 4, maxNumBatchedTokens: 32, maxModelLen: 64 },
    kvCache: { numBlocks: 33, blockSize: 4, hashSeed: 0 },
    cost: { base: 0.01, token: 0.001, minTokens: 0, row: 0, context: 0, pair: 0 },
    asyncScheduling: false,
  },
);

test("a chart is whole: every panel has its unit, every line is drawn inside it, text is escaped", () => {
  const svg = chart("a < b & c", result);
  expect(svg).toContain("<title>a &lt; b &amp; c</title>");
  const titles = ["Throughput, tokens/s", "Latency by percentile, ms", "Requests, mean", "KV cache, %"];
  for (const title of [...titles, "What went wrong, requests/s"]) expect(svg).toContain(`>${title}</text>`);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg).toContain("prefers-color-scheme: dark");
  const paths = [...svg.matchAll(/class="line stroke\d" d="([^"]+)"/g)].map(([, path]) => path!);
  expect(paths).toHaveLength(12);
  for (const [, x, y] of paths.join("").matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(56);
    expect(Number(x)).toBeLessThanOrEqual(448.1);
    expect(Number(y)).toBeGreaterThanOrEqual(45.9);
    expect(Number(y)).toBeLessThanOrEqual(186.1);
  }
});

test("a chart of nothing is a chart, too", () => {
  const empty = simulate([], {
    scheduler: { maxNumSeqs: 4, maxNumBatchedTokens: 32, maxModelLen: 64 },
    kvCache: { numBlocks: 33, blockSize: 4 },
    cost: { base: 1, token: 0, minTokens: 0, row: 0, context: 0, pair: 0 },
    asyncScheduling: false,
  });
  expect(chart("", empty)).not.toMatch(/NaN|Infinity|undefined/);
});

test("the table has amounts, percentiles and tenants", () => {
  const lines = formatResult("title", result).split("\n");
  expect(lines[0]).toMatch(/^-- title -+$/);
  const row = (name: string) =>
    lines
      .find((line) => line.startsWith(name))!
      .slice(name.length)
      .trim()
      .split(/\s+/);
  expect(row("requests that ended")).toEqual(["60"]);
  expect(row("latencies, ms")).toEqual(["mean", "p50", "p90", "p99", "max"]);
  expect(Number(row("time to first token")[1])).toBeCloseTo(1000 * result.ttft.p50, 0);
  expect(row("first token, tenant 1")).toHaveLength(5);
});
