import { expect, test } from "vitest";
import type { Connection } from "../client/connect.js";
import { ProgressBar } from "./progress-bar.js";
import { arrivals, randomPrompts } from "./random-prompts.js";
import { benchServe } from "./serve.js";
import { distribution } from "./statistics.js";
import { formatTable } from "./table.js";

test("percentiles lie between neighbours, as numpy's", () => {
  const { mean, median, percentiles } = distribution([4, 1, 3, 2], [0, 25, 99, 100]);
  expect([mean, median]).toEqual([2.5, 2.5]);
  expect([...percentiles.values()]).toEqual([1, 1.75, expect.closeTo(3.97, 10), 4]);
  expect(distribution([], [50])).toMatchObject({ mean: 0, median: 0 });
});

test("the same seed gives the same prompts and arrivals", () => {
  const spec = { count: 3, inputLen: 5, seed: 1, vocabSize: 100 };
  expect(randomPrompts(spec)).toEqual(randomPrompts(spec));
  expect(randomPrompts({ ...spec, seed: 2 })).not.toEqual(randomPrompts(spec));
  const ids = randomPrompts({ ...spec, inputLen: 1000 }).flat();
  expect([Math.min(...ids), Math.max(...ids)]).toEqual([16, 99]);
  expect(arrivals(3, Number.POSITIVE_INFINITY, 1)).toEqual([0, 0, 0]);
  const times = arrivals(10_001, 50, 3);
  expect(times.at(-1)).toBeGreaterThan(190);
  expect(times.at(-1)).toBeLessThan(210);
});

test("a bar and a table", () => {
  const bar = new ProgressBar(4, "requests", false);
  bar.advance();
  expect(bar.text(performance.now() + 3000)).toMatch(/^\[#{8}\.{22}\] 1\/4 requests, 3 s, 9 s left$/);
  const lines = formatTable("T", [["a", 1], "part", ["long name", 12.345], ["b", 0.5]]).split("\n");
  expect(lines).toEqual([
    "-- T ------------",
    "a               1",
    "-- part ---------",
    "long name   12.35",
    "b           0.500",
    "",
  ]);
});

/** A server that answers so many requests and fails then; remembers how many ran at once. */
function fakeServer(failAfter = Number.POSITIVE_INFINITY) {
  const state = { running: 0, most: 0, requests: 0 };
  const connection: Connection = {
    model: "m",
    async fetchPath() {
      if (++state.requests > failAfter) return Response.json({ error: { message: "full" } }, { status: 503 });
      state.most = Math.max(state.most, ++state.running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      state.running--;
      const events = ["a", "b", "c"].map((text) => `data: {"choices":[{"text":"${text}","finish_reason":null}]}\n\n`);
      const usage = `data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n`;
      return new Response(`${events.join("")}${usage}data: [DONE]\n\n`);
    },
    async [Symbol.asyncDispose]() {},
  };
  return { state, connection };
}

const options = { numPrompts: 10, inputLen: 7, outputLen: 3, requestRate: Number.POSITIVE_INFINITY, seed: 0 };
const silent = new ProgressBar(10, "requests", false);

test("no more requests run at once than asked for, and each is counted once", async () => {
  const { state, connection } = fakeServer();
  const result = await benchServe(connection, { ...options, percentiles: [99], maxConcurrency: 4 }, silent);
  expect(result).toMatchObject({ completed: 10, failed: 0, totalInputTokens: 70, totalOutputTokens: 30 });
  // One more request than asked for: the first one only warms up.
  expect(state).toMatchObject({ running: 0, most: 4, requests: 11 });
});

test("failures are counted and told, but the first request must work", async () => {
  const result = await benchServe(fakeServer(6).connection, { ...options, percentiles: [] }, silent);
  expect(result).toMatchObject({ completed: 5, failed: 5, firstError: "full" });
  await expect(benchServe(fakeServer(0).connection, { ...options, percentiles: [] }, silent)).rejects.toThrow("full");
});
