// However requests are batched, cut into chunks, cached, preempted or overlapped: the tokens are those of each one alone.
import { ROW_INIT_WORDS, RowFlags, RowInit, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { describe, expect, test } from "vitest";
import { Scheduler } from "./scheduler.js";
import type { SchedulerConfig } from "./scheduler-config.js";
import { FakeDevice, type ReferenceRequest, referenceTokens } from "./testing/index.js";

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
}

function run({ depth = 1, numBlocks = 300, enablePrefixCaching = false, alone = false, ...config }: RunOptions) {
  const kvCache = new KvCacheManager({ numBlocks, blockSize: 4, enablePrefixCaching, hashSeed: 1 });
  const limits = {
    maxNumSeqs: 12,
    maxNumBatchedTokens: 1000,
    maxModelLen: MAX_MODEL_LEN,
    vocabSize: VOCAB_SIZE,
    ...config,
  };
  const scheduler = new Scheduler(limits, kvCache);
  const device = new FakeDevice(scheduler.planLayout, numBlocks, VOCAB_SIZE);
  const plans = [0, 1].map(() => new StepPlan(scheduler.planLayout));
  const outputs: number[][] = requests.map(() => []);
  const sink = { onToken: (id: number, token: number) => outputs[id]!.push(token) };
  const processed: number[] = [];
  const logits = new Float32Array(0);
  const inFlight: Int32Array[] = [];
  let launched = 0;
  const drain = () => {
    while (scheduler.hasUnfinished() || inFlight.length > 0) {
      while (inFlight.length < depth && scheduler.schedule(plans[launched % 2]!) > 0) {
        for (const sample of scheduler.processed) {
          sample.process(logits);
          expect(outputs[sample.requestId], "tokens that it has not seen are in flight").toHaveLength(processed.pop()!);
        }
        inFlight.push(device.execute(plans[launched++ % 2]!));
      }
      scheduler.update(inFlight.shift()!, sink);
      scheduler.checkInvariants();
    }
  };
  for (const [id, { promptTokens, seed, maxTokens, stopTokenIds, edits }] of requests.entries()) {
    const rowInit = new Int32Array(ROW_INIT_WORDS);
    rowInit[RowInit.seedLow] = seed;
    const { allowed, words } = edits!;
    // Every second request counts its tokens; every sixth is drawn on the host, so that nothing of it may be in flight.
    rowInit[RowInit.flags] =
      (id % 2 ? RowFlags.history : 0) | (allowed ? RowFlags.allowed : 0) | (words ? RowFlags.edits : 0);
    scheduler.add({
      id,
      promptTokens,
      maxTokens,
      stopTokenIds,
      rowInit,
      ...(allowed && { allowedTokenIds: Int32Array.from(allowed) }),
      ...(words && { logitEdits: Int32Array.from(words) }),
      ...(id % 6 === 5 && { processLogits: (_: Float32Array, output: Int32Array) => processed.push(output.length) }),
    });
    if (alone) drain();
  }
  drain();
  expect(kvCache.usedBlocks).toBe(0);
  return { outputs, stats: scheduler.stats };
}

describe.each([1, 2] as const)("depth %i", (depth) => {
  test("alone", () => expect(run({ depth, alone: true }).outputs).toEqual(expected));
  test("batched", () => expect(run({ depth }).outputs).toEqual(expected));
  test("few rows", () => expect(run({ depth, maxNumSeqs: 3 }).outputs).toEqual(expected));

  test.each([[[12]], [[1, 2, 4, 8]], [[3, 7]]])("padded to %j rows", (decodeBuckets) => {
    expect(run({ depth, decodeBuckets }).outputs).toEqual(expected);
    expect(run({ depth, decodeBuckets, numBlocks: 60, maxNumBatchedTokens: 16 }).outputs).toEqual(expected);
  });

  test.each([1, 2, 3, 5, 8, 13])("in chunks of %i", (longPrefillTokenThreshold) => {
    expect(run({ depth, longPrefillTokenThreshold }).outputs).toEqual(expected);
  });

  test.each([1, 7, 16])("%i tokens a step", (maxNumBatchedTokens) => {
    expect(run({ depth, maxNumBatchedTokens }).outputs).toEqual(expected);
  });

  test.each([true, false])("from cached prefixes, alone: %s", (alone) => {
    const { outputs, stats } = run({ depth, enablePrefixCaching: true, alone });
    expect(outputs).toEqual(expected);
    expect(stats.prefixCacheHits).toBeGreaterThan(100);
  });

  test.each([true, false])("preempted, with prefix caching: %s", (enablePrefixCaching) => {
    const { outputs, stats } = run({ depth, numBlocks: 27, enablePrefixCaching });
    expect(outputs).toEqual(expected);
    expect(stats.numPreemptions).toBeGreaterThan(3);
  });
});
