import { LAST_SAMPLED, NO_TOKEN, OctavoError, PlanHeader, ROW_INIT_WORDS, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { describe, expect, test } from "vitest";
import { FinishReason } from "./finish-reason.js";
import type { RequestSpec } from "./request-spec.js";
import { Scheduler } from "./scheduler.js";
import type { SchedulerConfig } from "./scheduler-config.js";

interface SetupOptions extends Partial<SchedulerConfig> {
  numBlocks?: number;
  blockSize?: number;
}

/** A scheduler whose plans are read back as objects, and whose model samples what the test says. */
function createScheduler({ numBlocks = 101, blockSize = 4, ...config }: SetupOptions = {}) {
  const kvCache = new KvCacheManager({ numBlocks, blockSize, hashSeed: 1 });
  const limits = { maxNumSeqs: 4, maxNumBatchedTokens: 16, maxModelLen: 64, ...config };
  const scheduler = new Scheduler(limits, kvCache);
  const plan = new StepPlan(scheduler.planLayout);
  const outputs: number[][] = [];
  /** Requests with the index of their sample and the logprobs they want, and their parts of prompts, since the start. */
  const wishes: number[][] = [];
  const scored: number[][] = [];
  return {
    scheduler,
    kvCache,
    outputs,
    wishes,
    scored,
    plan,
    schedule() {
      scheduler.schedule(plan);
      scheduler.checkInvariants();
      return rowsOf(plan);
    },
    update(...tokens: number[]) {
      outputs.length = 0;
      scheduler.update(Int32Array.from(tokens), {
        onToken: (id, token, finish, cachedTokens, ...wish) => {
          outputs.push([id, token, finish, cachedTokens]);
          wishes.push([id, ...wish]);
        },
        onPromptLogprobs: (...record) => scored.push(record),
      });
      scheduler.checkInvariants();
      return outputs;
    },
  };
}

function rowsOf({ words, layout }: StepPlan) {
  const samples = words.subarray(layout.sampleRows, layout.sampleRows + words[PlanHeader.numSamples]!);
  return Array.from({ length: words[PlanHeader.numRows]! }, (_, i) => {
    const from = words[PlanHeader.tokensOffset]! + words[layout.queryStarts + i]!;
    const to = words[PlanHeader.tokensOffset]! + words[layout.queryStarts + i + 1]!;
    return {
      row: words[layout.rowIds + i]!,
      context: words[layout.contextLens + i]!,
      tokens: [...words.subarray(from, to)],
      samples: samples.includes(i),
    };
  });
}

function createRequest(id: number, promptLength: number, options: Partial<RequestSpec> = {}): RequestSpec {
  return {
    id,
    promptTokens: Int32Array.from({ length: promptLength }, (_, i) => 100 * id + i),
    maxTokens: 8,
    stopTokenIds: new Int32Array(0),
    rowInit: new Int32Array(ROW_INIT_WORDS),
    ...options,
  };
}

/** Tokens of each planned row: what the budget tests are about. */
function lengths(rows: ReturnType<typeof rowsOf>): number[] {
  return rows.map(({ tokens }) => tokens.length);
}

describe("the budget", () => {
  test("goes to running requests first, then to waiting ones in order of arrival", () => {
    const { scheduler, schedule, update } = createScheduler();
    scheduler.add(createRequest(1, 3));
    expect(schedule()).toEqual([{ row: 0, context: 0, tokens: [100, 101, 102], samples: true }]);
    update(7);
    scheduler.add(createRequest(2, 10));
    scheduler.add(createRequest(3, 10));
    expect(schedule()).toEqual([
      { row: 0, context: 3, tokens: [7], samples: true },
      { row: 1, context: 0, tokens: [200, 201, 202, 203, 204, 205, 206, 207, 208, 209], samples: true },
      { row: 2, context: 0, tokens: [300, 301, 302, 303, 304], samples: false },
    ]);
    expect(update(8, 9)).toEqual([
      [1, 8, FinishReason.none, 0],
      [2, 9, FinishReason.none, 0],
    ]);
    expect(lengths(schedule())).toEqual([1, 1, 5]);
  });

  test("a threshold leaves room beside long prompts", () => {
    const { scheduler, schedule, update } = createScheduler({ longPrefillTokenThreshold: 4 });
    scheduler.add(createRequest(1, 10));
    scheduler.add(createRequest(2, 3));
    expect(lengths(schedule())).toEqual([4, 3]);
    update(5);
    expect(lengths(schedule())).toEqual([4, 1]);
    update(5);
    expect(lengths(schedule())).toEqual([2, 1]);
  });

  test("without chunks a prompt waits for a step that has room for all of it", () => {
    const whole = { enableChunkedPrefill: false, maxNumBatchedTokens: 64 };
    const { scheduler, schedule, update } = createScheduler(whole);
    scheduler.add(createRequest(1, 60));
    scheduler.add(createRequest(2, 5));
    scheduler.add(createRequest(3, 4));
    expect(lengths(schedule())).toEqual([60]); // nobody passes the one that waits
    update(7);
    expect(lengths(schedule())).toEqual([1, 5, 4]);
    for (const [config, param] of [
      [{ maxNumBatchedTokens: 63 }, "maxNumBatchedTokens"],
      [{ longPrefillTokenThreshold: 8 }, "longPrefillTokenThreshold"],
      [{ maxNumPartialPrefills: 2 }, "maxNumPartialPrefills"],
      [{ maxInterTokenLatencyMs: 20 }, "maxInterTokenLatencyMs"],
    ] as const) {
      const create = () => createScheduler({ ...whole, ...config });
      expect(create).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", param }));
    }
  });

  test("no more requests run than there are rows", () => {
    const { scheduler, schedule } = createScheduler({ maxNumSeqs: 2 });
    for (const id of [1, 2, 3]) scheduler.add(createRequest(id, 2));
    expect(schedule().length).toBe(2);
    expect(scheduler.stats).toMatchObject({ numRunning: 2, numWaiting: 1 });
  });
});

describe("two steps in flight", () => {
  test("the second takes its input from the device", () => {
    const { scheduler, schedule, update } = createScheduler();
    scheduler.add(createRequest(1, 3));
    schedule();
    expect(schedule()).toEqual([{ row: 0, context: 3, tokens: [LAST_SAMPLED], samples: true }]);
    update(7);
    expect(schedule()).toEqual([{ row: 0, context: 4, tokens: [LAST_SAMPLED], samples: true }]);
    expect(update(8)).toEqual([[1, 8, FinishReason.none, 0]]);
  });

  test("a third is refused", () => {
    const { scheduler, schedule, update } = createScheduler();
    scheduler.add(createRequest(1, 3));
    schedule();
    schedule();
    expect(schedule).toThrow("2 steps are in flight");
    update(7);
    update(7);
    expect(() => update(7)).toThrow("update without a launched step");
  });

  test("nothing is sampled beyond max_tokens", () => {
    const { scheduler, schedule, update } = createScheduler();
    scheduler.add(createRequest(1, 3, { maxTokens: 2 }));
    schedule();
    schedule();
    update(7);
    expect(schedule()).toEqual([]);
    expect(update(8)).toEqual([[1, 8, FinishReason.length, 0]]);
    expect(scheduler.hasUnfinished()).toBe(false);
  });

  test("the sample after a stop token is dropped, its row and blocks are free before", () => {
    const { scheduler, kvCache, schedule, update } = createScheduler({ maxNumSeqs: 1 });
    scheduler.add(createRequest(1, 3, { stopTokenIds: Int32Array.of(6, 7) }));
    scheduler.add(createRequest(2, 3));
    schedule();
    schedule();
    expect(update(7)).toEqual([[1, 7, FinishReason.stop, 0]]);
    expect(kvCache.usedBlocks).toBe(0);
    expect(schedule()).toEqual([{ row: 0, context: 0, tokens: [200, 201, 202], samples: true }]);
    expect(update(8)).toEqual([]);
    expect(update(9)).toEqual([[2, 9, FinishReason.none, 0]]);
  });
});

describe("ending", () => {
  test("a stop token wins over the length", () => {
    const { scheduler, schedule, update } = createScheduler();
    scheduler.add(createRequest(1, 3, { maxTokens: 1, stopTokenIds: Int32Array.of(7) }));
    schedule();
    expect(update(7)).toEqual([[1, 7, FinishReason.stop, 0]]);
  });

  test("an output that goes round in circles ends, the prompt not counted, unless it ends anyhow", () => {
    const repetition = { minPatternSize: 1, maxPatternSize: 2, minCount: 2, minTokens: 0 };
    const { scheduler, schedule, update } = createScheduler();
    for (const id of [1, 2]) {
      const promptTokens = Int32Array.of(7, 7);
      scheduler.add({ ...createRequest(id, 2, { maxTokens: 4 }), promptTokens, repetition });
    }
    const codes: number[][] = [];
    for (const tokens of [
      [7, 1],
      [8, 2],
      [7, 3],
      [8, 3],
    ]) {
      schedule();
      codes.push(update(...tokens).map(([, , finish]) => finish!));
    }
    const { none, repetition: circle, length } = FinishReason;
    expect(codes).toEqual([
      [none, none],
      [none, none],
      [none, none],
      [length, length],
    ]);
    scheduler.add({ ...createRequest(3, 2, { maxTokens: 9 }), repetition });
    schedule();
    expect(update(7)[0]![2]).toBe(none);
    schedule();
    expect(update(7)).toEqual([[3, 7, circle, 0]]);
    expect(scheduler.hasUnfinished()).toBe(false);
  });

  test("prompt and output together reach max_model_len", () => {
    const { scheduler, schedule, update } = createScheduler({ maxModelLen: 6 });
    scheduler.add(createRequest(1, 4, { maxTokens: 1e12 }));
    schedule();
    expect(update(7)).toEqual([[1, 7, FinishReason.none, 0]]);
    schedule();
    expect(update(7)).toEqual([[1, 7, FinishReason.length, 0]]);
  });

  test("a request that fills the whole KV cache ends there instead of waiting for ever", () => {
    const { scheduler, schedule, update } = createScheduler({ numBlocks: 3 });
    scheduler.add(createRequest(1, 8));
    schedule();
    expect(update(7)).toEqual([[1, 7, FinishReason.length, 0]]);
  });

  test("abort frees everything while the step is in flight, and the id can be used again", () => {
    const { scheduler, kvCache, schedule, update } = createScheduler();
    scheduler.add(createRequest(1, 3));
    schedule();
    expect(scheduler.abort(1)).toBe(true);
    expect([kvCache.usedBlocks, scheduler.stats.numRunning, scheduler.hasUnfinished()]).toEqual([0, 0, false]);
    scheduler.add(createRequest(1, 2));
    schedule();
    expect(update(7)).toEqual([]);
    expect(update(8)).toEqual([[1, 8, FinishReason.none, 0]]);
    expect(scheduler.abort(2)).toBe(false);
  });
});

describe("preemption", () => {
  /** Two requests of 2 blocks each in a pool of 5, then one token each until the older takes the last free block. */
  function createCrowded() {
    const setup = createScheduler({ numBlocks: 6, maxModelLen: 20 });
    setup.scheduler.add(createRequest(1, 7, { maxTokens: 12 }));
    setup.scheduler.add(createRequest(2, 8, { maxTokens: 9 }));
    setup.schedule();
    setup.update(1, 2);
    expect(setup.schedule().map(({ row }) => row)).toEqual([0, 1]);
    setup.update(3, 4);
    return setup;
  }

  test("takes the blocks of the request that arrived last, which nobody overtakes", () => {
    const { scheduler, schedule, update } = createCrowded();
    scheduler.add(createRequest(3, 1));
    // Request 1 begins its third block; request 2 holds three of the five.
    expect(schedule()).toEqual([{ row: 0, context: 8, tokens: [3], samples: true }]);
    expect(scheduler.stats).toMatchObject({ numPreemptions: 1, numRunning: 1, numWaiting: 2 });
    update(5);
    expect(
      schedule().map(({ row }) => row),
      "request 2 waits for a spare block, 3 behind it",
    ).toEqual([0]);
    update(6);
  });

  test("a preempted request computes again what the prefix cache lost, its output included", () => {
    const { scheduler, schedule, update } = createCrowded();
    schedule();
    update(5);
    scheduler.abort(1);
    const [row] = schedule();
    expect(row!.context + row!.tokens.length).toBe(10);
    expect(row!.tokens.slice(-2)).toEqual([2, 4]);
    expect(row!.samples).toBe(true);
    expect(update(9), "cached tokens are those of the first admission").toEqual([[2, 9, FinishReason.none, 0]]);
  });

  test("a preempted request whose sample is in flight is not admitted before its update", () => {
    const { scheduler, schedule, update } = createScheduler({ numBlocks: 4, maxModelLen: 20 });
    scheduler.add(createRequest(1, 8, { maxTokens: 1 }));
    scheduler.add(createRequest(2, 4));
    expect(schedule().length).toBe(2);
    // Request 1 has launched its last sample; request 2 finds no block and has only itself to preempt.
    expect(schedule()).toEqual([]);
    expect(scheduler.stats.numPreemptions).toBe(1);
    scheduler.abort(1);
    expect(schedule()).toEqual([]);
    expect(update(7, 8)).toEqual([[2, 8, FinishReason.none, 0]]);
    const rows = schedule();
    expect(rows[0]!.tokens.at(-1)).toBe(8);
  });

  test("a preempted request may end by the sample that was in flight", () => {
    const { scheduler, schedule, update } = createScheduler({ numBlocks: 4, maxModelLen: 20 });
    scheduler.add(createRequest(1, 8, { maxTokens: 1 }));
    scheduler.add(createRequest(2, 4, { stopTokenIds: Int32Array.of(8) }));
    schedule();
    schedule();
    expect(update(7, 8)).toEqual([
      [1, 7, FinishReason.length, 0],
      [2, 8, FinishReason.stop, 0],
    ]);
    expect(scheduler.hasUnfinished()).toBe(false);
  });

  test("a preempted request that needs the whole pool returns when it is alone", () => {
    const { scheduler, schedule, update } = createScheduler({ numBlocks: 4, maxModelLen: 20 });
    scheduler.add(createRequest(1, 4, { maxTokens: 2 }));
    scheduler.add(createRequest(2, 8));
    schedule();
    update(1, 2);
    expect(schedule().length, "request 1 takes a block from request 2").toBe(1);
    expect(update(3)).toEqual([[1, 3, FinishReason.length, 0]]);
    const [row] = schedule();
    expect(row!.context + row!.tokens.length).toBe(9);
  });
});

describe("prefix caching", () => {
  test("a request shares blocks that the same plan fills", () => {
    const { scheduler, kvCache, schedule, update } = createScheduler();
    const promptTokens = createRequest(1, 10).promptTokens;
    scheduler.add(createRequest(1, 10));
    scheduler.add(createRequest(2, 10, { promptTokens }));
    scheduler.add(createRequest(3, 10, { promptTokens, cacheSalt: 5 }));
    expect(schedule().map(({ context }) => context)).toEqual([0, 8, 0]);
    expect(kvCache.usedBlocks).toBe(3 + 1 + 3);
    expect(update(1, 2)).toEqual([
      [1, 1, FinishReason.none, 0],
      [2, 2, FinishReason.none, 8],
    ]);
    expect(scheduler.stats).toMatchObject({ prefixCacheQueries: 30, prefixCacheHits: 8, promptTokens: 20 });
  });

  test("the next turn of a chat finds the answer before it", () => {
    const { scheduler, schedule, update } = createScheduler();
    scheduler.add(createRequest(1, 6, { maxTokens: 3 }));
    for (const token of [7, 8, 9]) {
      schedule();
      update(token);
    }
    const promptTokens = Int32Array.of(...createRequest(1, 6).promptTokens, 7, 8, 9, 50);
    scheduler.add(createRequest(2, 10, { promptTokens }));
    expect(schedule()).toEqual([{ row: 0, context: 8, tokens: [9, 50], samples: true }]);
  });
});

describe("logprobs", () => {
  /** The token indices and targets that a plan names. */
  const promptLogprobs = ({ words }: StepPlan) => {
    const count = words[PlanHeader.numPromptLogprobs]!;
    const at = words[PlanHeader.promptLogprobsOffset]!;
    return [[...words.subarray(at, at + count)], [...words.subarray(at + count, at + 2 * count)]];
  };
  const columns = ({ words }: StepPlan) => words[PlanHeader.logprobColumns]!;
  const promptColumns = ({ words }: StepPlan) => words[PlanHeader.promptLogprobColumns]!;

  test("the plan has the widest wish of those that sample, and each token its own", () => {
    const { scheduler, schedule, update, wishes, plan } = createScheduler();
    scheduler.add(createRequest(1, 2, { logprobs: 3, maxTokens: 2 }));
    scheduler.add(createRequest(2, 1));
    const logprobTokenIds = Int32Array.of(5, 6);
    scheduler.add(createRequest(3, 1, { logprobs: 0, logprobTokenIds }));
    scheduler.add(createRequest(4, 30, { logprobs: 9 }));
    schedule();
    expect(columns(plan)).toBe(4);
    expect(scheduler.namedLogprobs).toEqual([{ first: 2, count: 1, tokenIds: logprobTokenIds }]);
    update(7, 7, 7);
    schedule();
    update(7, 7, 7);
    expect(wishes).toEqual([
      [1, 0, 3, 0],
      [2, 1, -1, 0],
      [3, 2, 0, 2],
      [1, 0, 3, 0],
      [2, 1, -1, 0],
      [3, 2, 0, 2],
    ]);
    schedule();
    expect(columns(plan)).toBe(10);
  });

  test("a prompt's tokens are scored by those before them, in chunks, and the last one scores nothing", () => {
    const { scheduler, schedule, update, scored, plan } = createScheduler({ maxNumBatchedTokens: 4 });
    scheduler.add(createRequest(2, 1));
    scheduler.add(createRequest(1, 6, { promptLogprobs: 2 }));
    schedule();
    expect(promptLogprobs(plan)).toEqual([
      [1, 2, 3],
      [101, 102, 103],
    ]);
    expect([promptColumns(plan), columns(plan)]).toEqual([3, 0]);
    update(7);
    schedule();
    expect(promptLogprobs(plan)).toEqual([
      [1, 2],
      [104, 105],
    ]);
    update(7, 7);
    schedule();
    expect([promptLogprobs(plan), promptColumns(plan)]).toEqual([[[], []], 0]);
    expect(scored).toEqual([
      [1, 0, 3, 2],
      [1, 0, 2, 2],
    ]);
  });

  test("a prompt that wants a whole vocabulary is scored a few tokens a step", () => {
    const { scheduler, schedule, update, scored } = createScheduler();
    scheduler.add(createRequest(1, 10, { promptLogprobs: 2 ** 18 - 1, maxTokens: 2 }));
    const chunks: number[] = [];
    while (scheduler.hasUnfinished()) {
      const [row] = schedule();
      chunks.push(row!.tokens.length);
      update(...(row!.samples ? [7] : []));
    }
    expect(chunks).toEqual([4, 4, 2, 1]);
    expect(scored.map(([, , count]) => count)).toEqual([4, 4, 1]);
  });

  test("such a prompt takes no cached blocks and does not count as a query, but others find its blocks", () => {
    const { scheduler, schedule, update } = createScheduler();
    const prompt = { promptTokens: Int32Array.from({ length: 9 }, (_, i) => i), maxTokens: 1 };
    for (const [id, promptLogprobs, context] of [
      [1, 0, 0],
      [2, 0, 0],
      [3, -1, 8],
    ] as const) {
      scheduler.add(createRequest(id, 0, { ...prompt, promptLogprobs }));
      expect(schedule()[0]!.context).toBe(context);
      update(7);
    }
    expect(scheduler.stats).toMatchObject({ prefixCacheQueries: 9, prefixCacheHits: 8 });
  });

  test("a preempted prompt is computed again, but scored once", () => {
    const { scheduler, schedule, update, scored } = createScheduler({ numBlocks: 5, maxNumSeqs: 2 });
    scheduler.add(createRequest(1, 7, { promptLogprobs: 0, maxTokens: 9 }));
    scheduler.add(createRequest(2, 7, { promptLogprobs: 0, maxTokens: 9 }));
    for (let step = 0; scheduler.hasUnfinished(); step++) {
      expect(step).toBeLessThan(50);
      const samples = schedule().filter(({ samples }) => samples);
      update(...samples.map(() => 7));
    }
    expect(scheduler.stats.numPreemptions).toBeGreaterThan(0);
    expect(scored.map(([id, , count]) => [id, count])).toEqual([
      [1, 6],
      [2, 6],
    ]);
  });

  test("what an aborted request's launched step scores is not reported", () => {
    const { scheduler, schedule, update, scored } = createScheduler();
    scheduler.add(createRequest(1, 5, { promptLogprobs: 0 }));
    schedule();
    scheduler.abort(1);
    update(7);
    expect(scored).toEqual([]);
  });
});

describe("refusals", () => {
  test.each([
    ["an empty prompt", createRequest(1, 0), "the prompt of request 1 is empty", "prompt"],
    ["a prompt without room for a token", createRequest(1, 20), "has 20 tokens, prompt and output together", "prompt"],
    ["a prompt that the cache cannot hold", createRequest(1, 9), "has 9 tokens, the whole KV cache holds 8", "prompt"],
    ["no output", createRequest(1, 1, { maxTokens: 0 }), "max_tokens of request 1 is 0", "max_tokens"],
    ["a short sampling record", createRequest(1, 1, { rowInit: new Int32Array(3) }), "has 3 words", "rowInit"],
    ["an id in use", createRequest(9, 1), "request 9 is still unfinished", "id"],
  ])("%s", (_, spec, message, param) => {
    const { scheduler } = createScheduler({ numBlocks: 3, maxModelLen: 20 });
    scheduler.add(createRequest(9, 1));
    const error = catchError(() => scheduler.add(spec));
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", param });
    scheduler.checkInvariants();
    expect(scheduler.stats.numWaiting).toBe(1);
  });

  test("a full queue: running and waiting requests count", () => {
    const { scheduler, schedule } = createScheduler({ maxNumQueuedReqs: 2 });
    for (const id of [1, 2]) scheduler.add(createRequest(id, 1));
    schedule();
    expect(catchError(() => scheduler.add(createRequest(3, 1))).code).toBe("QUEUE_FULL");
    scheduler.abort(1);
    scheduler.add(createRequest(3, 1));
  });

  test.each([
    ["longPrefillTokenThreshold", 1.5],
    ["longPrefillTokenThreshold", -1],
    ["maxNumQueuedReqs", Number.NaN],
    ["maxNumQueuedReqs", 0],
  ])("%s of %d", (name, value) => {
    expect(() => createScheduler({ [name]: value })).toThrow(`${name} is ${value}`);
  });

  test("logits that are not finite end their request, and only that", () => {
    const { scheduler, schedule, update } = createScheduler();
    for (const id of [1, 2]) scheduler.add(createRequest(id, 1));
    schedule();
    expect(update(NO_TOKEN, 7)).toEqual([
      [1, NO_TOKEN, FinishReason.error, 0],
      [2, 7, FinishReason.none, 0],
    ]);
    expect(scheduler.stats).toMatchObject({ numRunning: 1, generationTokens: 1 });
    scheduler.checkInvariants();
  });

  test.each([[[0]], [[2, 2]], [[4, 2]], [[5]], [[1.5]]])("decode buckets %j", (decodeBuckets) => {
    expect(() => createScheduler({ decodeBuckets })).toThrow(expect.objectContaining({ param: "decodeBuckets" }));
  });

  test.each(["maxNumSeqs", "maxNumBatchedTokens", "maxModelLen"])("%s of 0", (name) => {
    expect(() => createScheduler({ [name]: 0 })).toThrow(`${name} is 0`);
  });
});

test("more outputs than the token array first has room for", () => {
  const { scheduler, schedule, update } = createScheduler({ maxModelLen: 400 });
  scheduler.add(createRequest(1, 3, { maxTokens: 300 }));
  for (let i = 0; i < 299; i++) {
    schedule();
    expect(update(i)).toEqual([[1, i, FinishReason.none, 0]]);
  }
  expect(schedule()).toEqual([{ row: 0, context: 301, tokens: [298], samples: true }]);
  expect(update(7)).toEqual([[1, 7, FinishReason.length, 0]]);
  expect(scheduler.stats).toMatchObject({ generationTokens: 300, promptTokens: 3 });
});

function catchError(action: () => void): OctavoError {
  try {
    action();
  } catch (error) {
    if (OctavoError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("an OctavoError was expected");
}
