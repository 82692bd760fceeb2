// However requests are batched, cut into chunks, cached, preempted or overlapped: the tokens are those of each one alone.
import { PlanHeader, ROW_INIT_WORDS, RowFlags, RowInit, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { describe, expect, test } from "vitest";
import { Scheduler } from "./scheduler.js";
import type { SchedulerConfig } from "./scheduler-config.js";
import { FakeDevice, GuessingDrafts, type ReferenceRequest, referenceTokens } from "./testing/index.js";

const VOCAB_SIZE = 50;
const MAX_MODEL_LEN = 100;

const system = Int32Array.from({ length: 21 }, (_, i) => (i * 7) % VOCAB_SIZE);
const requests: ReferenceRequest[] = Array.from({ length: 12 }, (_, i) => ({
  promptTokens: Int32Array.of(
    ...system.subarray(0, i % 3 === 0 ? 0 : 21),
    ...system.subarray(0, i + 1).map((t) => t + i),
  ),
  seed: i % 4 === 3 ? 2 : i,
  maxTokens: 5 + ((i * 11) % 30),
  stopTokenIds: Int32Array.from(i % 2 ? [3, 17] : []),
  edits: {
    allowed: i % 5 === 2 ? Array.from({ length: 40 }, (_, t) => t + i) : undefined,
    words: i % 3 === 1 ? [4, i, 0, 1000] : undefined,
  },
}));
const expected = requests.map((request) => referenceTokens(request, VOCAB_SIZE, MAX_MODEL_LEN));

interface RunOptions extends Partial<SchedulerConfig> {
  depth?: 1 | 2;
  numBlocks?: number;
  enablePrefixCaching?: boolean;
  /** Adds each request when the one before has ended. */
  alone?: boolean;
  /** Tokens that a token sees, for each group of layers. */
  slidingWindows?: readonly number[];
  /** Blocks of the host tier. */
  numHostBlocks?: number;
  /** How often all requests are served; the last time counts. */
  rounds?: number;
  /** Each request is a fork of the one before. */
  fork?: boolean;
  /** And finished ones keep their blocks. */
  keepBlocks?: boolean;
  /** Drafts a request and step at most, and how many of a hundred are right. */
  drafts?: readonly [most: number, percentRight: number] | undefined;
}

function runWith(options: RunOptions) {
  const { depth = 1, numBlocks = 300, enablePrefixCaching = false, numHostBlocks = 0, alone = false } = options;
  const { fork = false, keepBlocks = false, rounds = 1, slidingWindows, drafts, ...config } = options;
  const kvCache = new KvCacheManager({
    numBlocks,
    blockSize: 4,
    enablePrefixCaching,
    numHostBlocks,
    hashSeed: 1,
    maxNumBatchedTokens: options.maxNumBatchedTokens ?? 1000,
    ...(slidingWindows && { slidingWindows }),
  });
  const limits = {
    maxNumSeqs: 12,
    maxNumBatchedTokens: 1000,
    maxModelLen: MAX_MODEL_LEN,
    vocabSize: VOCAB_SIZE,
    ...config,
  };
  const source =
    drafts && new GuessingDrafts(drafts[0], (id) => expected[id % requests.length], randomIntegers(7), drafts[1]);
  const scheduler = new Scheduler(limits, kvCache, source);
  const device = new FakeDevice(scheduler.planLayout, numBlocks, VOCAB_SIZE, slidingWindows);
  const plans = [0, 1].map(() => new StepPlan(scheduler.planLayout));
  const outputs: number[][] = requests.map(() => []);
  const sink = { onToken: (id: number, token: number) => outputs[id % requests.length]!.push(token) };
  const processed: number[] = [];
  const logits = new Float32Array(0);
  const inFlight: Int32Array[] = [];
  let launched = 0;
  let copied = 0;
  let planned = 0;
  let parts = 0;
  const drain = () => {
    while (scheduler.hasUnfinished() || inFlight.length > 0) {
      while (inFlight.length < depth) {
        const rows = scheduler.schedule(plans[launched % 2]!);
        copied += kvCache.copies.count;
        device.copy(kvCache.copies);
        if (rows === 0) break;
        for (const sample of scheduler.processed) {
          sample.process(logits);
          const seen = outputs[sample.requestId % requests.length]!;
          expect(seen, "tokens that it has not seen are in flight").toHaveLength(processed.pop()!);
        }
        planned += plans[launched % 2]!.numTokens;
        parts += rowsWithoutSample(plans[launched % 2]!);
        inFlight.push(device.execute(plans[launched++ % 2]!));
      }
      scheduler.update(inFlight.shift()!, sink);
      scheduler.checkInvariants();
    }
  };
  for (let id = 0; id < rounds * requests.length; id++) {
    const index = id % requests.length;
    const { promptTokens, seed, maxTokens, stopTokenIds, edits } = requests[index]!;
    outputs[index]!.length = 0;
    const rowInit = new Int32Array(ROW_INIT_WORDS);
    rowInit[RowInit.seedLow] = seed;
    const { allowed, words } = edits!;
    // Every second request counts its tokens; every sixth is drawn on the host, so that nothing of it may be in flight.
    rowInit[RowInit.flags] =
      (index % 2 ? RowFlags.history : 0) | (allowed ? RowFlags.allowed : 0) | (words ? RowFlags.edits : 0);
    scheduler.add({
      id,
      promptTokens,
      maxTokens,
      stopTokenIds,
      rowInit,
      keepBlocks,
      ...(fork && id > 0 && { forkOf: id - 1 }),
      ...(allowed && { allowedTokenIds: Int32Array.from(allowed) }),
      ...(words && { logitEdits: Int32Array.from(words) }),
      ...(index % 6 === 5 && { processLogits: (_: Float32Array, output: Int32Array) => processed.push(output.length) }),
    });
    if (alone || index === requests.length - 1) drain();
  }
  for (const id of requests.keys()) scheduler.release(id);
  scheduler.checkInvariants();
  expect(kvCache.usedBlocks).toBe(0);
  return { outputs, stats: scheduler.stats, kvCache, copied, planned, parts };
}

/** Requests that compute a part of their tokens, after which nothing is sampled. */
function rowsWithoutSample({ words, layout, numRows }: StepPlan): number {
  const samples = words.subarray(layout.sampleRows, layout.sampleRows + words[PlanHeader.numSamples]!);
  return numRows - new Set(samples).size;
}

/** Whole numbers from `low` to `high`, both included. */
function randomIntegers(seed: number): (low: number, high: number) => number {
  let state = seed;
  return (low, high) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  };
}

describe.each([
  [1, undefined],
  [2, undefined],
  [1, [1, 50]],
  [1, [5, 80]],
  [2, [3, 0]],
  [2, [4, 70]],
  [2, [20, 100]],
] as const)("depth %i, drafts %j", (depth, drafts) => {
  const run = (options: RunOptions) => runWith({ depth, drafts, ...options });

  test("alone", () => expect(run({ alone: true }).outputs).toEqual(expected));
  test("batched", () => {
    const { outputs, stats } = run({});
    expect(outputs).toEqual(expected);
    const { numDrafts, numDraftTokens, numAcceptedTokens } = stats;
    expect(numDrafts > 0 && numDraftTokens > numDrafts / 2).toBe(drafts !== undefined);
    // Drafts beyond a request's end are wrong, whatever they are.
    const right = drafts ? (0.9 * drafts[1]) / 100 : 0;
    expect(numAcceptedTokens).toBeGreaterThanOrEqual(
      Math.floor(numDraftTokens * (drafts?.[1] === 100 ? right : right ** (drafts?.[0] ?? 1))),
    );
    expect(numAcceptedTokens).toBeLessThanOrEqual(right === 0 ? 0 : numDraftTokens);
  });
  test("few rows", () => expect(run({ maxNumSeqs: 3 }).outputs).toEqual(expected));

  test.each([[[12]], [[1, 2, 4, 8]], [[3, 7]]])("padded to %j rows", (decodeBuckets) => {
    expect(run({ decodeBuckets }).outputs).toEqual(expected);
    expect(run({ decodeBuckets, numBlocks: 60, maxNumBatchedTokens: 16 }).outputs).toEqual(expected);
  });

  test.each([1, 2, 3, 5, 8, 13])("in chunks of %i", (longPrefillTokenThreshold) => {
    expect(run({ longPrefillTokenThreshold }).outputs).toEqual(expected);
  });

  test.each([{}, { numBlocks: 27 }, { maxNumSeqs: 3, enablePrefixCaching: true }, { fork: true, numBlocks: 40 }])(
    "each prompt in one step, %j",
    (options) => {
      const { outputs, parts } = run({ enableChunkedPrefill: false, maxNumBatchedTokens: MAX_MODEL_LEN, ...options });
      expect(outputs).toEqual(expected);
      expect(parts).toBe(0);
      expect(run({ ...options, maxNumBatchedTokens: 16 }).parts).toBeGreaterThan(0);
    },
  );

  test.each([1, 7, 16])("%i tokens a step", (maxNumBatchedTokens) => {
    expect(run({ maxNumBatchedTokens }).outputs).toEqual(expected);
  });

  test.each([true, false])("from cached prefixes, alone: %s", (alone) => {
    const { outputs, stats } = run({ enablePrefixCaching: true, alone });
    expect(outputs).toEqual(expected);
    expect(stats.prefixCacheHits).toBeGreaterThan(100);
  });

  test.each([true, false])("preempted, with prefix caching: %s", (enablePrefixCaching) => {
    const { outputs, stats } = run({ numBlocks: 27, enablePrefixCaching });
    expect(outputs).toEqual(expected);
    expect(stats.numPreemptions).toBeGreaterThan(drafts ? 0 : 3);
  });

  test.each([true, false])("from the host tier, alone: %s", (alone) => {
    const { outputs, stats, kvCache } = run({
      depth,
      enablePrefixCaching: true,
      numHostBlocks: 150,
      numBlocks: 27,
      rounds: 2,
      alone,
    });
    expect(outputs).toEqual(expected);
    expect(stats.externalPrefixCacheHits).toBeGreaterThan(20);
    expect(stats.externalPrefixCacheQueries).toBeGreaterThan(stats.externalPrefixCacheHits);
    expect(4 * kvCache.loadedBlocks).toBe(kvCache.externalPrefixCacheHits);
  });

  test.each([
    {},
    { enablePrefixCaching: true },
    { longPrefillTokenThreshold: 3 },
    { numBlocks: 27 },
    { fork: true },
    { fork: true, keepBlocks: true, numBlocks: 27 },
    { enablePrefixCaching: true, numHostBlocks: 20, numBlocks: 27, rounds: 2 },
  ])("through a window of 6 tokens, %j", (options) => {
    const windowed = requests.map((request) => referenceTokens(request, VOCAB_SIZE, MAX_MODEL_LEN, [6]));
    expect(windowed).not.toEqual(expected);
    expect(run({ depth, slidingWindows: [6], ...options }).outputs).toEqual(windowed);
  });

  const ALL = Number.POSITIVE_INFINITY;
  test.each([
    [[6, ALL], {}],
    [[ALL, 6, 6], { enablePrefixCaching: true }],
    [[9, 4], { longPrefillTokenThreshold: 3, maxNumBatchedTokens: 16 }],
    [[6, ALL], { numBlocks: 54 }],
    [[6, ALL], { numBlocks: 54, enablePrefixCaching: true, maxNumBatchedTokens: 16 }],
    [[6, ALL], { decodeBuckets: [1, 4, 12] }],
    [[6, ALL], { fork: true }],
    [[6, ALL, 3], { fork: true, keepBlocks: true, numBlocks: 81, enablePrefixCaching: true }],
  ] as const)("with groups of layers that see %j, %j", (slidingWindows, options) => {
    const grouped = requests.map((request) => referenceTokens(request, VOCAB_SIZE, MAX_MODEL_LEN, slidingWindows));
    expect(run({ depth, slidingWindows, ...options }).outputs).toEqual(grouped);
  });

  test.each([
    {},
    { enablePrefixCaching: true },
    { maxNumSeqs: 3 },
    { longPrefillTokenThreshold: 3 },
    { maxNumBatchedTokens: 16 },
    { numBlocks: 27 },
    { numBlocks: 27, enablePrefixCaching: true, numHostBlocks: 10 },
    { decodeBuckets: [1, 4, 12] },
  ])("as forks, %j", (options) => {
    const plain = run({ depth, ...options });
    for (const keepBlocks of [false, true]) {
      for (const alone of [false, true]) {
        const { outputs, copied, planned } = run({ depth, fork: true, keepBlocks, alone, ...options });
        expect(outputs).toEqual(expected);
        if (options.numBlocks || (alone && !keepBlocks)) continue;
        expect(copied).toBeGreaterThan(0);
        if (!options.enablePrefixCaching) expect(planned).toBeLessThan(plain.planned);
      }
    }
  });
});
