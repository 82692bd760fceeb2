// The command as its users run it: by node, as built.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "octavo-scheduler-"));
const inFolder = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]) {
  const done = promisify(execFile)(process.execPath, [SCRIPT, ...args]);
  const { stdout, stderr, code = 0 } = await done.catch((error) => error as typeof error & { code: number });
  return { stdout: String(stdout), stderr: String(stderr), code };
}

const WORKLOAD = ["--num-prompts", "50", "--request-rate", "20", "--input-len", "uniform:10:300", "--output-len", "20"];

test("simulate, then replay of the trace that it saved: the same result", async () => {
  const trace = inFolder("trace.jsonl");
  const simulated = await run("simulate", ...WORKLOAD, "--json", "--save-trace", trace, "--svg", inFolder("run.svg"));
  expect(simulated.code).toBe(0);
  expect(JSON.parse(simulated.stdout)).toMatchObject({ requests: 50, completed: 50, outputTokens: 1000 });
  expect(simulated.stderr).toMatch(/50 requests and \d+ steps were simulated in/);
  expect(readFileSync(inFolder("run.svg"), "utf8")).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
  expect((await run("replay", trace, "--json")).stdout).toBe(simulated.stdout);
  expect((await run("replay", trace, "--json", "--speed", "10")).stdout).not.toBe(simulated.stdout);
});

test("the scheduler's flags reach it, whatever it has", async () => {
  const [wide, narrow] = await Promise.all([
    run("simulate", ...WORKLOAD, "--json"),
    run("simulate", ...WORKLOAD, "--json", "--max-num-seqs", "1", "--long-prefill-token-threshold", "16"),
  ]);
  expect(JSON.parse(narrow.stdout).queueTime.mean).toBeGreaterThan(JSON.parse(wide.stdout).queueTime.mean);
  expect(JSON.parse(narrow.stdout).steps).toBeGreaterThan(JSON.parse(wide.stdout).steps);
  const wrong = await run("simulate", "--max-num-seqs", "0");
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/--max-num-seqs is 0.*INVALID_ARGUMENT/)]);
});

test("refusals, timeouts and windows are in table and JSON", async () => {
  const flags = [
    "--num-prompts",
    "40",
    "--input-len",
    "uniform:10:300",
    "--max-model-len",
    "200",
    "--max-num-queued-reqs",
    "20",
  ];
  const [table, json] = await Promise.all([
    run("simulate", ...flags, "--timeout", "0.02", "--sliding-window", "64,all"),
    run("simulate", ...flags, "--timeout", "0.02", "--sliding-window", "64,all", "--json"),
  ]);
  const { refusals, timedOut, completed, refused } = JSON.parse(json.stdout);
  expect(Object.keys(refusals).sort()).toEqual(["prompt longer than max_model_len", "queue full"]);
  expect([timedOut > 0, completed + timedOut + refused]).toEqual([true, 40]);
  for (const [reason, count] of Object.entries(refusals))
    expect(table.stdout).toMatch(new RegExp(`  ${reason} +${count}\n`));
  expect(table.stdout).toMatch(new RegExp(`requests that timed out +${timedOut}\n`));
  expect(table.stdout).not.toContain("goodput");
  expect(table.stderr).toMatch(/requests were refused, the first because .*raise --max-model-len/);
});

test("help has a text for every flag", async () => {
  for (const command of ["simulate", "replay", "fit"]) {
    const { stdout } = await run(command, "--help");
    for (const line of stdout.split("\n").filter((it) => it.startsWith("  -")))
      expect(line).toMatch(/^ {2}-\S.* {2}\S+ \S+/);
  }
});

test("fit writes a cost that simulate takes", async () => {
  const works = [1, 8, 64, 512].map((tokens) => ({ tokens, rows: 1, context: tokens, pairs: tokens ** 2 }));
  const steps = works.map((work) => JSON.stringify({ ...work, seconds: 0.5 + 0.01 * work.tokens }));
  writeFileSync(inFolder("steps.jsonl"), steps.join("\n"));
  const fit = await run("fit", inFolder("steps.jsonl"), "--output", inFolder("cost.json"));
  expect(fit.stdout).toMatch(/error of 4 steps: median 0\.0 %/);
  expect(JSON.parse(readFileSync(inFolder("cost.json"), "utf8")).base).toBeCloseTo(0.5, 6);
  const one = ["--num-prompts", "1", "--input-len", "100", "--output-len", "1", "--json"];
  const { stdout } = await run("simulate", ...one, "--cost", inFolder("cost.json"));
  expect(JSON.parse(stdout).ttft.max).toBeCloseTo(1.5, 6);
});

test.each([
  [["replay", "none.jsonl"], /none\.jsonl cannot be read/],
  [["simulate", "--cost", "none"], /no cost "none"/],
  [["simulate", "--input-len", "huge"], /lengths "huge" are none of/],
  [["simulate", "--max-num-sequences", "4"], /unknown option '--max-num-sequences'/],
  [["simulate", "--goodput", "itl:3"], /Bounds are ttft, tpot and e2el/],
  [["simulate", "--request-rate", "0"], /above 0/],
  [["simulate", "--sliding-window", "64,none"], /whole numbers of 1 or more, or "all"/],
  [["simulate", "--scheduling-policy", "lifo"], /Allowed choices are fcfs, priority, fairness/],
  [["simulate", "--svg", "no-such-folder/run.svg"], /no folder no-such-folder that can be written to/],
] as const)("%j is refused", async (args, message) => {
  const { stderr, code } = await run(...args);
  expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
});
