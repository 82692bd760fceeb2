// Runs that can be worked out by hand, then what must hold of every run.
import { describe, expect, test } from "vitest";
import { type SimulationOptions, simulate } from "./simulate.js";
import type { TracedRequest } from "./trace/traced-request.js";
import { createWorkload, type WorkloadOptions } from "./workload/workload.js";

/** Every step takes a second. */
const SECOND = { base: 1, token: 0, minTokens: 0, row: 0, context: 0, pair: 0 };

function options(overrides: Partial<SimulationOptions> = {}): SimulationOptions {
  return {
    scheduler: { maxNumSeqs: 8, maxNumBatchedTokens: 64, maxModelLen: 256 },
    kvCache: { numBlocks: 65, blockSize: 4, hashSeed: 0 },
    cost: SECOND,
    asyncScheduling: false,
    ...overrides,
  };
}

function request(arrival: number, promptTokens: number, outputTokens: number): TracedRequest {
  return { arrival, promptTokens, outputTokens };
}

const WORKLOAD: WorkloadOptions = {
  numPrompts: 400,
  requestRate: 4,
  burstiness: 0.5,
  inputLen: "lognormal:20:1:120",
  outputLen: "uniform:1:40",
  numPrefixes: 5,
  prefixLen: 24,
  tenants: [3, 1],
  priorities: [],
  seed: 7,
};

describe("by hand", () => {
  test("two requests, steps of a second", () => {
    // Steps end at 1, 2, 3, 4, 5. The first request samples at 1, 2, 3. The second comes during the step that ends at 1, is
    // planned at 1 and samples at 2, 3, 4.
    const result = simulate([request(0, 10, 3), request(0.25, 10, 3)], options());
    expect(result).toMatchObject({ completed: 2, refused: 0, duration: 4, steps: 4, utilization: 1 });
    expect(result).toMatchObject({ inputTokens: 20, outputTokens: 6, outputTokensPerSecond: 1.5 });
    expect(result.ttft).toMatchObject({ count: 2, mean: 1.375, max: 1.75 });
    expect(result.itl).toMatchObject({ count: 4, mean: 1, p50: 1, p99: 1, max: 1 });
    expect(result.e2el).toMatchObject({ mean: 3.375, max: 3.75 });
    expect(result.queueTime).toMatchObject({ count: 2, mean: 0.375, max: 0.75 });
    // 3 blocks each (10 tokens, then 11, then 12 of which the last is not computed): 1 s alone, 2 s together, 1 s alone.
    expect(result.kvUseMean).toBeCloseTo((3 * 6) / (4 * 64), 12);
    expect(result.series.outputTokensPerSecond.reduce((a, b) => a + b) * result.series.binSeconds).toBeCloseTo(6, 1);
  });

  test("a prompt in chunks, and what each part of a step costs", () => {
    // 10 tokens in chunks of 4, 4, 2, then one token that attends to 11.
    const cost = { base: 1000, token: 100, minTokens: 3, row: 10, context: 1, pair: 0.01 };
    const chunks = options({ cost, scheduler: { maxNumSeqs: 8, maxNumBatchedTokens: 4, maxModelLen: 256 } });
    const result = simulate([request(0, 10, 2)], chunks);
    const first = 1000 + 400 + 10 + 4 + 0.01 * (1 + 2 + 3 + 4);
    const second = 1000 + 400 + 10 + 8 + 0.01 * (5 + 6 + 7 + 8);
    const third = 1000 + 300 + 10 + 10 + 0.01 * (9 + 10);
    const decode = 1000 + 300 + 10 + 11 + 0.01 * 11;
    expect(result.ttft.max).toBeCloseTo(first + second + third, 9);
    expect(result.itl.max).toBeCloseTo(decode, 9);
  });

  test("two steps in flight: one that comes during a step waits for the step after it, too", () => {
    const trace = [request(0, 10, 4), request(0.25, 10, 1)];
    // At 0 the steps that end at 1 and 2 are launched; at 1 the one that ends at 3, with the second request.
    expect(simulate(trace, options({ asyncScheduling: true })).ttft.max).toBe(2.75);
    expect(simulate(trace, options()).ttft.max).toBe(1.75);
  });

  test("one row: the second request waits for the first", () => {
    const scheduler = { maxNumSeqs: 1, maxNumBatchedTokens: 64, maxModelLen: 256 };
    const { queueTime, ttft, series } = simulate([request(0, 4, 5), request(0, 4, 5)], options({ scheduler }));
    expect(queueTime).toMatchObject({ count: 2, max: 5 });
    expect(ttft.max).toBe(6);
    expect(series.waiting.reduce((a, b) => a + b) * series.binSeconds).toBeCloseTo(5, 1);
  });

  test("a shared prefix is computed once", () => {
    const shared = (arrival: number) => ({ ...request(arrival, 20, 1), prefixes: [{ id: "system", tokens: 16 }] });
    const cost = { ...SECOND, base: 0, token: 1 };
    const { ttft, prefixHitRate } = simulate([shared(0), shared(100)], options({ cost }));
    expect(ttft).toMatchObject({ max: 20, mean: 12 });
    expect(prefixHitRate).toBe(16 / 40);
    const disabled = options({ cost, kvCache: { numBlocks: 65, blockSize: 4, enablePrefixCaching: false } });
    expect(simulate([shared(0), shared(100)], disabled)).toMatchObject({ ttft: { mean: 20 }, prefixHitRate: 0 });
  });

  test("who waits too long gives up, running or not", () => {
    // One row: the first has 3 tokens when its time is up, at 3.5 (seen when the step ends, at 4), the second never runs.
    const scheduler = { maxNumSeqs: 1, maxNumBatchedTokens: 64, maxModelLen: 256 };
    const trace = [request(0, 4, 9), request(0.25, 4, 9), request(3, 4, 2)];
    const result = simulate(trace, options({ scheduler, timeout: 3.5 }));
    expect(result).toMatchObject({ completed: 1, timedOut: 2, refused: 0, outputTokens: 6, duration: 6 });
    expect(result.e2el).toMatchObject({ count: 1, max: 3 });
    expect(result.series.timeoutsPerSecond.reduce((a, b) => a + b) * result.series.binSeconds).toBeCloseTo(2, 9);
    for (const asyncScheduling of [false, true]) {
      const requests = createWorkload(WORKLOAD);
      const many = simulate(requests, options({ timeout: 20, asyncScheduling, replicas: 2 }));
      expect(many.timedOut).toBeGreaterThan(10);
      expect(many.completed + many.timedOut).toBe(400);
      expect(many.e2el.max).toBeLessThanOrEqual(20 + 2);
    }
  });

  test("windows: a long request holds less, and attention reads less", () => {
    // 40 tokens at once, then 2 steps of one; a token sees 8 in one group, all in the other.
    const slidingWindows = [8, Number.POSITIVE_INFINITY];
    const kvCache = { numBlocks: 129, blockSize: 4, hashSeed: 0, slidingWindows };
    const cost = { ...SECOND, base: 0, context: 1, pair: 0.001 };
    const result = simulate([request(0, 40, 3)], options({ kvCache, cost }));
    const pairs = (40 * 41) / 2 + (36 + 32 * 8);
    expect(result.ttft.max).toBeCloseTo(40 + (0.001 * pairs) / 2, 9);
    // The token at position 40 reads 41 and 8 tokens, the next one 42 and 8.
    expect(result.itl.max).toBeCloseTo((42 + 8) * 0.5 * 1.001, 9);
    const all = simulate([request(0, 40, 3)], options({ cost }));
    expect(result.kvUseMean).toBeLessThan(0.9 * all.kvUseMean);
  });

  test("a cache that is too small preempts, and every token still comes", () => {
    const kvCache = { numBlocks: 9, blockSize: 4, hashSeed: 0 };
    const trace = [request(0, 12, 18), request(0, 12, 18)];
    const result = simulate(trace, options({ kvCache }));
    expect(result.preemptions).toBeGreaterThan(0);
    expect(result).toMatchObject({ completed: 2, outputTokens: 36, kvUsePeak: 1 });
    expect(result.series.preemptionsPerSecond.reduce((a, b) => a + b)).toBeGreaterThan(0);
  });

  test("bounds on latency count those that keep them", () => {
    const goodput = { ttft: 1.5 };
    expect(simulate([request(0, 10, 3), request(0.25, 10, 3)], options({ goodput })).good).toBe(1);
  });

  test("what the scheduler refuses is counted, with the reason", () => {
    const scheduler = { maxNumSeqs: 8, maxNumBatchedTokens: 64, maxModelLen: 16, maxNumQueuedReqs: 1 };
    const result = simulate([request(0, 40, 1), request(0, 4, 1), request(0, 4, 1)], options({ scheduler }));
    expect(result).toMatchObject({ requests: 3, completed: 1, refused: 2 });
    expect(result.firstRefusal).toMatch(/40 tokens/);
    expect(result.refusals).toEqual({ "prompt longer than max_model_len": 1, "queue full": 1 });
    expect(result.series.refusalsPerSecond.reduce((a, b) => a + b) * result.series.binSeconds).toBeCloseTo(2, 9);
    const { refusals } = simulate([request(0, 70, 1)], options({ kvCache: { numBlocks: 17, blockSize: 4 } }));
    expect(refusals).toEqual({ "prompt larger than the KV cache": 1 });
    // 12 tokens fit beside a prompt of 4.
    expect(simulate([request(0, 4, 20)], options({ scheduler }))).toMatchObject({ outputTokens: 12, cutShort: 1 });
  });
});

describe("of every run", () => {
  const requests = createWorkload(WORKLOAD);
  const sum = (count: (it: TracedRequest) => number) => requests.reduce((total, it) => total + count(it), 0);

  test.each([
    ["round-robin", 1, 65],
    ["round-robin", 3, 65],
    ["least-loaded", 3, 49],
    ["prefix-aware", 3, 49],
  ] as const)(
    "%s over %d replicas of %d blocks: every request ends, tokens add up",
    (routingPolicy, replicas, blocks) => {
      const kvCache = { numBlocks: blocks, blockSize: 4, hashSeed: 0 };
      for (const asyncScheduling of [false, true]) {
        const result = simulate(requests, options({ routingPolicy, replicas, kvCache, asyncScheduling }));
        expect(result).toMatchObject({ requests: 400, completed: 400, refused: 0 });
        expect(result.inputTokens).toBe(sum((it) => it.promptTokens));
        expect(result.outputTokens).toBe(sum((it) => it.outputTokens));
        expect(result.itl.count).toBe(result.outputTokens - 400);
        for (const { count } of [result.ttft, result.e2el, result.queueTime]) expect(count).toBe(400);
        const tenants = Object.values(result.ttftOf).reduce((total, { count }) => total + count, 0);
        expect(tenants).toBe(400);
        expect(result.kvUsePeak).toBeLessThanOrEqual(1 + 1e-9);
        expect(result.utilization).toBeLessThanOrEqual(1 + 1e-9);
      }
    },
  );

  test("the same arguments give the same result, to the bit", () => {
    const run = () => JSON.stringify(simulate(createWorkload(WORKLOAD), options({ replicas: 2 })));
    expect(run()).toBe(run());
    const other = simulate(createWorkload({ ...WORKLOAD, seed: 8 }), options({ replicas: 2 }));
    expect(JSON.stringify(other)).not.toBe(run());
  });

  test("replicas divide the load, and a router that knows prefixes hits more of them", () => {
    const kvCache = { numBlocks: 49, blockSize: 4, hashSeed: 0 };
    const many = { ...WORKLOAD, numPrefixes: 12, requestRate: 2 };
    const run = (routingPolicy: string, replicas: number) =>
      simulate(createWorkload(many), options({ routingPolicy, replicas, kvCache }));
    expect(run("round-robin", 4).ttft.p99).toBeLessThan(run("round-robin", 1).ttft.p99);
    expect(run("prefix-aware", 4).prefixHitRate).toBeGreaterThan(1.5 * run("round-robin", 4).prefixHitRate);
  });

  test("wrong options are named", () => {
    expect(() => simulate(requests, options({ replicas: 0 }))).toThrow(/0 replicas/);
    expect(() => simulate(requests, options({ routingPolicy: "fastest" }))).toThrow(/"fastest", only round-robin/);
  });
});
